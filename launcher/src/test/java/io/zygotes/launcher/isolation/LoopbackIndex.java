package io.zygotes.launcher.isolation;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A package index on the loopback device, which asks for credentials; {@code index.py} says what it has. */
final class LoopbackIndex implements AutoCloseable {

    private final Process process;
    private final int port;
    private final Map<String, String> hashes = new HashMap<>();

    /** @param links folder that gets a wheel which the index does not have */
    LoopbackIndex(Path links) throws IOException {
        Path script = Files.writeString(links.resolve("index.py"), AttackedWorker.resource("index.py"));
        process = new ProcessBuilder("python3", script.toString(), links.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader out = process.inputReader();
        port = Integer.parseInt(out.readLine());
        for (String line = out.readLine(); line != null && !line.isEmpty(); line = out.readLine()) {
            hashes.put(line.split(" ")[0], line.split(" ")[1]);
        }
    }

    String url(String password) {
        return "http://me:" + password + "@127.0.0.1:" + port + "/simple";
    }

    /** The hash of a package's archive, as {@code --hash} takes it. */
    String hash(String name) {
        return hashes.get(name);
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
