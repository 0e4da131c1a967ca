import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.RSAKey;
import java.security.interfaces.RSAPrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.Cipher;

/**
 * The platform's half of the callback cipher in the platform's own language, so that the receiver is tested
 * against the JDK and not only against itself. Run from the root of the workspace, with JDK 17 or later:
 *
 * <pre>
 * java events/jdk/Platform.java keygen 1024                    private key, public key: Base64, a line each
 * java events/jdk/Platform.java seal PRIVATE < callback.json   Base64 of the sealed body
 * java events/jdk/Platform.java open PRIVATE < data.txt        the plaintext of a reply's data
 * java events/jdk/Platform.java vectors > events/jdk/vectors.json
 * </pre>
 *
 * PRIVATE is a file with the private key as keygen prints it. Options of seal: {@code --piece N} cuts the
 * plaintext every N bytes, {@code --mime} wraps the Base64 at 76 columns with CR LF, as old encoders do.
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
        } else if (command.equals("vectors") && words.size() == 1) {
            out.print(vectors());
        } else {
            System.err.println("usage: keygen BITS | seal [--piece N] [--mime] FILE | open FILE | vectors");
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
                    + ",\n  \"replies\": [" + reply(pair) + "]\n}");
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
