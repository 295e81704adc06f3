package io.zygotes.sandbox.sock.network;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A network namespace of a test's own, with addresses that play the internet, a private range and a metadata service, a
 * server on port 7000 of all of them, and a process in a cgroup that tries what it is told.
 */
final class NetworkNamespace implements AutoCloseable {

    static final String INTERNET = "8.8.4.4";
    static final String INTERNET6 = "2600::1";
    static final String PRIVATE = "10.77.0.1";
    static final String SHARED = "100.64.0.9";
    static final String METADATA = "169.254.169.254";
    static final String PRIVATE6 = "fd00:77::1";
    static final String RESOLVER = "10.77.0.53";
    static final int SERVED = 7000;

    private final Process process;
    private final Writer orders;
    private final BufferedReader answers;

    /** @param cgroup the folder of the group that the process joins */
    NetworkNamespace(Path folder, Path cgroup) throws IOException {
        Path script = folder.resolve("attempts.py");
        try (InputStream in = NetworkNamespace.class.getResourceAsStream("attempts.py")) {
            Files.write(script, in.readAllBytes());
        }
        List<String> command =
                new ArrayList<>(List.of("unshare", "--net", "python3", script.toString(), cgroup.toString()));
        command.addAll(List.of(INTERNET, PRIVATE, SHARED, METADATA, RESOLVER, INTERNET6, PRIVATE6, "64:ff9b::/96"));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        orders = process.outputWriter(StandardCharsets.UTF_8);
        answers = process.inputReader(StandardCharsets.UTF_8);
        if (!"ready".equals(answers.readLine())) {
            close();
            throw new IOException("the network namespace was not made");
        }
    }

    /** Tries something: the name of a function of attempts.py and its arguments. */
    String attempt(Object... words) {
        try {
            orders.write(String.join(
                            " ", List.of(words).stream().map(String::valueOf).toList()) + "\n");
            orders.flush();
            return String.valueOf(answers.readLine());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            orders.close();
            process.waitFor();
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
