//! A function's process and its log.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::runtime::PATIENCE;

/// One execution environment: a process of the function's binary. Killed when dropped.
pub struct Process {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    pub fn start(mut command: Command) -> Self {
        let pipes = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.kill_on_drop(true).spawn().unwrap();
        let lines = Arc::default();
        let readers = vec![
            collect(child.stdout.take().unwrap(), Arc::clone(&lines)),
            collect(child.stderr.take().unwrap(), Arc::clone(&lines)),
        ];
        Self { child, lines, readers }
    }

    /// Everything that the process has written until now.
    pub fn log(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// The log's callbacks, once there are `count` of them.
    pub async fn callbacks(&self, count: usize) -> Vec<Value> {
        self.lines("callback", count).await
    }

    /// The log's lines with this message, once there are `count` of them.
    pub async fn lines(&self, message: &str, count: usize) -> Vec<Value> {
        for _ in 0..100 {
            let lines: Vec<Value> = self.json_lines().filter(|line| line["message"] == message).collect();
            if lines.len() >= count {
                return lines;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("fewer than {count} lines {message:?} in the log:\n{}", self.log())
    }

    /// The sum of a counter in the metrics of an outcome.
    pub fn count(&self, outcome: &str) -> u64 {
        let metrics = self.json_lines().filter(|line| line["Outcome"] == outcome);
        metrics.map(|line| line["Callbacks"].as_u64().unwrap()).sum()
    }

    fn json_lines(&self) -> impl Iterator<Item = Value> {
        let lines = self.lines.lock().unwrap().clone();
        lines.into_iter().filter_map(|line| serde_json::from_str(&line).ok())
    }

    /// Waits for the process to end by itself, as it does when init fails; then its log.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let status =
            tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("init fails in time").unwrap();
        for reader in self.readers.drain(..) {
            reader.await.unwrap();
        }
        (status, self.log())
    }
}

fn collect(
    stream: impl AsyncRead + Unpin + Send + 'static,
    lines: Arc<Mutex<Vec<String>>>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut stream = BufReader::new(stream).lines();
        while let Ok(Some(line)) = stream.next_line().await {
            lines.lock().unwrap().push(line);
        }
    })
}
