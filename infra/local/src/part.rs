//! What the parts have in common: each listens on a port, and ends with the stack.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Listens, and says where it is reached from this machine.
pub(crate) async fn listen(address: IpAddr, port: u16) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((address, port)).await;
    let listener = listener.with_context(|| format!("port {port} of {address} cannot be used"))?;
    let mut reached = listener.local_addr()?;
    // Every address of the machine is none that could be called.
    match reached.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => reached.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => reached.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    Ok((listener, reached))
}

/// Serves until the stack stops; what is being answered then is answered.
pub(crate) fn serve(
    parts: &mut JoinSet<anyhow::Result<()>>,
    listener: TcpListener,
    router: Router,
    stopped: watch::Receiver<bool>,
) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    parts.spawn(
        async move { Ok(axum::serve(listener, service).with_graceful_shutdown(until(stopped)).await?) },
    );
}

/// Until the stack stops.
pub(crate) async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the stack is gone: stop as well.
    _ = stopped.wait_for(|stop| *stop).await;
}
