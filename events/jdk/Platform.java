import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.interfaces.RSAKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPrivateKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;

/**
 * The platform's half of the cipher in the platform's own language, and its side of one of the merchant's
 * calls, so that receiver and client are tested against the JDK and not only against themselves. Run from the
 * root of the workspace, with JDK 17 or later:
 *
 * <pre>
 * java events/jdk/Platform.java keygen 1024                    private key, public key: Base64, a line each
 * java events/jdk/Platform.java seal PRIVATE < callback.json   Base64 of the sealed body
 * java events/jdk/Platform.java open PRIVATE < data.txt        the plaintext of a reply's data
 * java events/jdk/Platform.java serve PRIVATE API_KEY          answers getDepositOrder on 127.0.0.1
 * java events/jdk/Platform.java vectors > events/jdk/vectors.json
 * </pre>
 *
 * PRIVATE is a file with the private key as keygen prints it. Options of seal: {@code --piece N} cuts the
 * plaintext every N bytes, {@code --mime} wraps the Base64 at 76 columns with CR LF, as old encoders do.
 *
 * <p>serve prints the port that it was given, and ends when its input does. At {@code /api/v1} it answers for
 * the deposits listed here. Below {@code /oaep/} the same answers are sealed under OAEP, which some of the
 * documents' samples use: no merchant may ever take one for an answer.
 */
public final class Platform {
    private static final String CIPHER = "RSA/ECB/PKCS1Padding";

    /** What PKCS#1 v1.5 spends on padding in every block. */
    private static final int PADDING_BYTES = 11;

    /** The piece that fits 1024 bits. Encoders written for that size keep it with longer keys. */
    private static final int PIECE_OF_1024_BITS = 117;

    /** A character of three bytes in UTF-8; escaped, so that no locale can misread this file. */
    private static final String WIDE = "\u6975";

    private Platform() {}

    public static void main(String[] args) throws IOException, GeneralSecurityException {
        List<String> words = new ArrayList<>(List.of(args));
        boolean mime = words.remove("--mime");
        int piece = piece(words);
        String command = words.isEmpty() ? "" : words.get(0);
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

        if (command.equals("keygen") && words.size() == 2) {
            KeyPair pair = generate(Integer.parseInt(words.get(1)));
            out.println(base64(pair.getPrivate()));
            out.println(base64(pair.getPublic()));
        } else if (command.equals("seal") && words.size() == 2) {
            RSAPrivateKey key = readPrivateKey(Path.of(words.get(1)));
            byte[] sealed = seal(key, System.in.readAllBytes(), piece == 0 ? longestPiece(key) : piece);
            out.println((mime ? Base64.getMimeEncoder() : Base64.getEncoder()).encodeToString(sealed));
        } else if (command.equals("open") && words.size() == 2) {
            byte[] sealed = Base64.getMimeDecoder().decode(System.in.readAllBytes());
            out.write(open(readPrivateKey(Path.of(words.get(1))), sealed));
        } else if (command.equals("serve") && words.size() == 3) {
            serve(readPrivateKey(Path.of(words.get(1))), words.get(2), out);
        } else if (command.equals("vectors") && words.size() == 1) {
            out.print(vectors());
        } else {
            System.err.println("usage: keygen BITS | seal [--piece N] [--mime] FILE | open FILE"
                    + " | serve FILE API_KEY | vectors");
            System.exit(2);
        }
        out.flush();
    }

    /** Takes {@code --piece N} out of the words; 0 if it is not among them. */
    private static int piece(List<String> words) {
        int at = words.indexOf("--piece");
        if (at < 0 || at + 1 >= words.size()) {
            return 0;
        }
        words.remove(at);
        return Integer.parseInt(words.remove(at));
    }

    // The cipher

    /** As the platform seals a callback: with the private key the JDK pads with block type 1. */
    private static byte[] seal(RSAPrivateKey key, byte[] plaintext, int piece)
            throws GeneralSecurityException {
        return blocks(Cipher.ENCRYPT_MODE, key, plaintext, piece);
    }

    /** As the platform opens a reply: with the private key the JDK expects block type 2. */
    private static byte[] open(RSAPrivateKey key, byte[] sealed) throws GeneralSecurityException {
        return blocks(Cipher.DECRYPT_MODE, key, sealed, blockBytes(key));
    }

    private static byte[] blocks(int mode, Key key, byte[] input, int step) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance(CIPHER);
        cipher.init(mode, key);
        return blocks(cipher, input, step);
    }

    private static byte[] blocks(Cipher cipher, byte[] input, int step) throws GeneralSecurityException {
        var joined = new ByteArrayOutputStream();
        for (int at = 0; at < input.length; at += step) {
            joined.writeBytes(cipher.doFinal(input, at, Math.min(step, input.length - at)));
        }
        return joined.toByteArray();
    }

    private static int blockBytes(RSAKey key) {
        return (key.getModulus().bitLength() + 7) / 8;
    }

    private static int longestPiece(RSAKey key) {
        return blockBytes(key) - PADDING_BYTES;
    }

    /**
     * OAEP with one hash for label and mask, as in the documents' samples in JavaScript and Python: under the
     * public key, as they seal a question, or under the private one, as an answer would be sealed.
     */
    private record Oaep(String hash, boolean underPrivateKey) {
        static final List<Oaep> OF_QUESTIONS = List.of(new Oaep("SHA-1", false), new Oaep("SHA-256", false));
        static final List<Oaep> OF_ANSWERS = List.of(
                new Oaep("SHA-1", false), new Oaep("SHA-256", false),
                new Oaep("SHA-1", true), new Oaep("SHA-256", true));

        String name() {
            return hash + (underPrivateKey ? "/private-key" : "/public-key");
        }

        byte[] seal(RSAPrivateKey key, byte[] plaintext) throws GeneralSecurityException {
            Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
            var mask = new MGF1ParameterSpec(hash);
            cipher.init(Cipher.ENCRYPT_MODE, publicKey(key),
                    new OAEPParameterSpec(hash, "MGF1", mask, PSource.PSpecified.DEFAULT));
            int padding = 2 * MessageDigest.getInstance(hash).getDigestLength() + 2;
            byte[] sealed = blocks(cipher, plaintext, blockBytes(key) - padding);
            // The JDK refuses OAEP under a private key; other libraries do not. So its padding is laid bare
            // and sealed anew.
            return underPrivateKey
                    ? bare(Cipher.ENCRYPT_MODE, key, bare(Cipher.DECRYPT_MODE, key, sealed))
                    : sealed;
        }

        /** The RSA operation alone, on whole blocks. */
        private static byte[] bare(int mode, RSAPrivateKey key, byte[] input)
                throws GeneralSecurityException {
            Cipher cipher = Cipher.getInstance("RSA/ECB/NoPadding");
            cipher.init(mode, key);
            return blocks(cipher, input, blockBytes(key));
        }
    }

    // The call getDepositOrder

    private static final String CALL = "/api/deposit/getDepositOrder";

    /** The path of the documents' base URL. */
    private static final String BASE = "/api/v1";

    /** "Decryption failed", as the platform has it: another key, another padding, or no JSON. */
    private static final int DECRYPTION_FAILED = 1005;

    /** Not a form of one field. A code of our own, as in the simulator: the documents have none. */
    private static final int WRONG_FIELDS = 1901;

    /** A deposit that this platform knows. JSON has its amount as Java writes a BigDecimal. */
    private record Deposit(String name, String txId, String toAddress, BigDecimal amount) {
        static final List<Deposit> KNOWN = List.of(
                new Deposit("the documents' sample",
                        "37e9da49134670ae0aec4d3645a08636f06b1ed0a2a984d8b1e11d019d8d5bc1",
                        "TAqNhkKiash2nbL278BD7XogGuET9p7VMC", new BigDecimal("1.300000000000")),
                new Deposit("38 digits",
                        "47e9da49134670ae0aec4d3645a08636f06b1ed0a2a984d8b1e11d019d8d5bc1",
                        "TAqNhkKiash2nbL278BD7XogGuET9p7VMC",
                        new BigDecimal("12345678901234567890.123456789012345678")),
                new Deposit("dust, written with an exponent",
                        "57e9da49134670ae0aec4d3645a08636f06b1ed0a2a984d8b1e11d019d8d5bc1",
                        "TAqNhkKiash2nbL278BD7XogGuET9p7VMC", new BigDecimal("0.000000100000")),
                // Two blocks of 4096 bits and more; the one y lets every block's end fall inside a character.
                new Deposit("a character cut by every block's end",
                        "y" + WIDE.repeat(80), WIDE.repeat(85), new BigDecimal("2.500000000000")));

        /** As the merchant asks for it, in the documents' order. */
        String question() {
            return "{" + asked() + "}";
        }

        String answer() {
            return "{" + asked() + ",\"depositAmount\":" + amount + ",\"callbackSuccess\":true}";
        }

        private String asked() {
            return "\"txId\":" + json(txId) + ",\"chainName\":\"TRON\",\"symbol\":\"TRX\""
                    + ",\"toAddress\":" + json(toAddress);
        }
    }

    /** HTTP status and envelope. */
    private record Answer(int status, String body) {
        static Answer of(int code, String message, byte[] sealed) {
            String data = sealed == null ? "null" : json(Base64.getEncoder().encodeToString(sealed));
            return new Answer(200, envelope(String.valueOf(code), message, data));
        }

        /** HTTP's own failures have their name for a code. */
        static Answer ofStatus(int status, String name) {
            return new Answer(status, envelope(json(name), "", "null"));
        }

        private static String envelope(String code, String message, String data) {
            return "{\"code\":" + code + ",\"message\":" + json(message) + ",\"data\":" + data + "}";
        }
    }

    private static void serve(RSAPrivateKey key, String apiKey, PrintStream out) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", exchange -> {
            try (exchange) {
                Answer answer = answer(key, apiKey, exchange);
                byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                exchange.sendResponseHeaders(answer.status(), body.length);
                exchange.getResponseBody().write(body);
            } catch (GeneralSecurityException e) {
                throw new IOException(e); // no answer
            }
        });
        server.start();
        out.println(server.getAddress().getPort());
        System.in.transferTo(OutputStream.nullOutputStream());
        server.stop(0);
    }

    private static Answer answer(RSAPrivateKey key, String apiKey, HttpExchange exchange)
            throws IOException, GeneralSecurityException {
        String form = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        String path = exchange.getRequestURI().getPath();
        if (!exchange.getRequestMethod().equals("POST") || !path.endsWith(CALL)) {
            return Answer.ofStatus(404, "NOT FOUND");
        }
        if (!apiKey.equals(exchange.getRequestHeaders().getFirst("X-API-KEY"))) {
            return Answer.ofStatus(401, "UNAUTHORIZED");
        }
        String type = exchange.getRequestHeaders().getFirst("Content-Type");
        if (!"application/x-www-form-urlencoded".equals(type)) {
            return Answer.of(WRONG_FIELDS, "not a form", null);
        }
        String base = path.substring(0, path.length() - CALL.length());
        if (base.equals(BASE)) {
            return answer(key, form, plaintext -> seal(key, plaintext, longestPiece(key)));
        }
        for (Oaep oaep : Oaep.OF_ANSWERS) {
            if (base.equals("/oaep/" + oaep.name())) {
                return answer(key, form, plaintext -> oaep.seal(key, plaintext));
            }
        }
        return Answer.ofStatus(404, "NOT FOUND");
    }

    private interface Sealer {
        byte[] seal(byte[] plaintext) throws GeneralSecurityException;
    }

    private static Answer answer(RSAPrivateKey key, String form, Sealer sealer)
            throws GeneralSecurityException {
        if (!form.startsWith("data=") || form.contains("&")) {
            return Answer.of(WRONG_FIELDS, "not the one field data", null);
        }
        String question = question(key, form.substring("data=".length()));
        if (question == null) {
            return Answer.of(DECRYPTION_FAILED, "Decryption failed", null);
        }
        for (Deposit deposit : Deposit.KNOWN) {
            if (question.equals(deposit.question())) {
                return Answer.of(0, "", sealer.seal(deposit.answer().getBytes(StandardCharsets.UTF_8)));
            }
        }
        return Answer.of(0, "", null);
    }

    /**
     * The JSON in a form's value, or null if there is none. A block under OAEP passes for one of type 2 once
     * in some 700 times; what it opens to is no JSON then.
     */
    private static String question(RSAPrivateKey key, String value) {
        try {
            byte[] sealed = Base64.getDecoder().decode(URLDecoder.decode(value, StandardCharsets.UTF_8));
            ByteBuffer opened = ByteBuffer.wrap(open(key, sealed));
            // A decoder, unlike a String, refuses what is not UTF-8.
            String text = StandardCharsets.UTF_8.newDecoder().decode(opened).toString();
            return text.startsWith("{") && text.endsWith("}") ? text : null;
        } catch (IllegalArgumentException | CharacterCodingException | GeneralSecurityException e) {
            return null;
        }
    }

    private static String form(byte[] sealed) {
        String base64 = Base64.getEncoder().encodeToString(sealed);
        return "data=" + URLEncoder.encode(base64, StandardCharsets.UTF_8);
    }

    // Keys

    private static KeyPair generate(int bits) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(bits);
        return generator.generateKeyPair();
    }

    private static RSAPrivateKey readPrivateKey(Path file) throws IOException, GeneralSecurityException {
        byte[] pkcs8 = Base64.getMimeDecoder().decode(Files.readString(file));
        return (RSAPrivateKey) KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    }

    private static PublicKey publicKey(RSAPrivateKey key) throws GeneralSecurityException {
        var numbers = new RSAPublicKeySpec(key.getModulus(), ((RSAPrivateCrtKey) key).getPublicExponent());
        return KeyFactory.getInstance("RSA").generatePublic(numbers);
    }

    /** PKCS#8 of a private key, X.509 of a public one. */
    private static String base64(Key key) {
        return Base64.getEncoder().encodeToString(key.getEncoded());
    }

    // Vectors

    private static String vectors() throws IOException, GeneralSecurityException {
        List<String> keys = new ArrayList<>();
        for (int bits : new int[] {1024, 2048, 4096}) {
            KeyPair pair = generate(bits);
            RSAPrivateKey key = (RSAPrivateKey) pair.getPrivate();
            keys.add("{\n  \"bits\": " + bits
                    + ",\n  \"privateKey\": " + json(base64(key))
                    + ",\n  \"publicKey\": " + json(base64(pair.getPublic()))
                    + ",\n  \"callbacks\": [" + String.join(", ", callbacks(key)) + "]"
                    + ",\n  \"replies\": [" + reply(pair) + "]"
                    + ",\n  \"calls\": [" + String.join(", ", calls(key)) + "]"
                    + ",\n  \"oaepCalls\": [" + String.join(", ", oaepCalls(key)) + "]"
                    + ",\n  \"oaepAnswers\": [" + String.join(", ", oaepAnswers(key)) + "]\n}");
        }
        return "[" + String.join(", ", keys) + "]\n";
    }

    private static List<String> callbacks(RSAPrivateKey key) throws IOException, GeneralSecurityException {
        String deposit = Files.readString(Path.of("events/plain/deposit.json"));
        String withdrawal = Files.readString(Path.of("events/plain/withdrawal.json"));
        int longest = longestPiece(key);
        Base64.Encoder plain = Base64.getEncoder();
        Base64.Encoder mime = Base64.getMimeEncoder();

        List<String> callbacks = new ArrayList<>();
        callbacks.add(callback("deposit", key, deposit, longest, plain));
        callbacks.add(callback("deposit, Base64 wrapped at 76 columns", key, deposit, longest, mime));
        callbacks.add(callback("withdrawal", key, withdrawal, longest, plain));
        if (longest > PIECE_OF_1024_BITS) {
            callbacks.add(callback("deposit, 117-byte pieces", key, deposit, PIECE_OF_1024_BITS, plain));
        }
        callbacks.add(callback("exactly one block", key, filled(longest, "x"), longest, plain));
        callbacks.add(callback("exactly two blocks", key, filled(2 * longest, "x"), longest, plain));
        callbacks.add(callback("one block and a byte", key, filled(longest + 1, "x"), longest, plain));
        // Three bytes a character: of two lengths that differ by one, at least one has a cut inside it.
        String cut = filled(longest + 40, WIDE);
        if (!splitsCharacter(cut, longest)) {
            cut = filled(longest + 41, WIDE);
        }
        callbacks.add(callback("a character cut by a block's end", key, cut, longest, plain));
        return callbacks;
    }

    /** A JSON object of that many bytes, its text made of one character. */
    private static String filled(int bytes, String character) {
        String head = "{\"note\":\"";
        String tail = "\"}";
        int room = bytes - head.length() - tail.length();
        int width = character.getBytes(StandardCharsets.UTF_8).length;
        return head + "y".repeat(room % width) + character.repeat(room / width) + tail;
    }

    /** Does the byte after the first {@code length} continue a character? */
    private static boolean splitsCharacter(String text, int length) {
        return (text.getBytes(StandardCharsets.UTF_8)[length] & 0xC0) == 0x80;
    }

    private static String callback(
            String name, RSAPrivateKey key, String plaintext, int piece, Base64.Encoder encoder)
            throws GeneralSecurityException {
        byte[] sealed = seal(key, plaintext.getBytes(StandardCharsets.UTF_8), piece);
        return object("name", name, "plaintext", plaintext, "body", encoder.encodeToString(sealed));
    }

    /** A reply as a merchant's own Java would seal it: with the public key the JDK pads with block type 2. */
    private static String reply(KeyPair pair) throws GeneralSecurityException {
        String plaintext = "{\"type\":6,\"callBackId\":\"250624392590001\",\"trackingId\":\"102003\","
                + "\"requestUUID\":\"00f2faf7-b705-4d65-9d82-0b6e372b92e4\","
                + "\"tenantUserId\":\"" + WIDE + "1945\"}";
        int piece = longestPiece((RSAKey) pair.getPublic());
        byte[] bytes = plaintext.getBytes(StandardCharsets.UTF_8);
        byte[] sealed = blocks(Cipher.ENCRYPT_MODE, pair.getPublic(), bytes, piece);
        return object("name", "insufficient balance", "plaintext", plaintext,
                "data", Base64.getEncoder().encodeToString(sealed));
    }

    /** Fills every block with one byte: whoever does the same sends the same. */
    private static final SecureRandom CONSTANT = new SecureRandom() {
        @Override
        public void nextBytes(byte[] bytes) {
            Arrays.fill(bytes, (byte) 0xA7);
        }
    };

    /** Each question as a merchant's own Java would send it, with its answer, opened and not. */
    private static List<String> calls(RSAPrivateKey key) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance(CIPHER);
        cipher.init(Cipher.ENCRYPT_MODE, publicKey(key), CONSTANT);
        List<String> calls = new ArrayList<>();
        for (Deposit deposit : Deposit.KNOWN) {
            byte[] question = deposit.question().getBytes(StandardCharsets.UTF_8);
            String form = form(blocks(cipher, question, longestPiece(key)));
            Answer answer = answer(key, form, plaintext -> seal(key, plaintext, longestPiece(key)));
            calls.add(object("name", deposit.name(), "question", deposit.question(), "form", form,
                    "opened", deposit.answer(), "answer", answer.body()));
        }
        return calls;
    }

    /** A question under OAEP, as those samples would send it, and the answer that it gets. */
    private static List<String> oaepCalls(RSAPrivateKey key) throws GeneralSecurityException {
        String question = Deposit.KNOWN.get(0).question();
        List<String> calls = new ArrayList<>();
        for (Oaep oaep : Oaep.OF_QUESTIONS) {
            String form = form(oaep.seal(key, question.getBytes(StandardCharsets.UTF_8)));
            Answer answer = answer(key, form, plaintext -> seal(key, plaintext, longestPiece(key)));
            calls.add(object("name", oaep.name(), "question", question, "form", form,
                    "answer", answer.body()));
        }
        return calls;
    }

    /** A right answer under OAEP. */
    private static List<String> oaepAnswers(RSAPrivateKey key) throws GeneralSecurityException {
        Deposit deposit = Deposit.KNOWN.get(0);
        List<String> answers = new ArrayList<>();
        for (Oaep oaep : Oaep.OF_ANSWERS) {
            byte[] sealed = oaep.seal(key, deposit.answer().getBytes(StandardCharsets.UTF_8));
            answers.add(object("name", oaep.name(), "question", deposit.question(),
                    "opened", deposit.answer(), "answer", Answer.of(0, "", sealed).body()));
        }
        return answers;
    }

    // JSON

    private static String object(String... namesAndTexts) {
        StringBuilder json = new StringBuilder("{");
        for (int at = 0; at < namesAndTexts.length; at += 2) {
            json.append(at == 0 ? "\n    " : ",\n    ");
            json.append(json(namesAndTexts[at])).append(": ").append(json(namesAndTexts[at + 1]));
        }
        return json.append("\n  }").toString();
    }

    private static String json(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            switch (c) {
                case '"' -> json.append("\\\"");
                case '\\' -> json.append("\\\\");
                case '\n' -> json.append("\\n");
                case '\r' -> json.append("\\r");
                case '\t' -> json.append("\\t");
                default -> {
                    if (c < 0x20) {
                        json.append(String.format("\\u%04x", (int) c));
                    } else {
                        json.append(c);
                    }
                }
            }
        }
        return json.append('"').toString();
    }
}
