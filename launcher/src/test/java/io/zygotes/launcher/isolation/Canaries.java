package io.zygotes.launcher.isolation;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.core.files.Folders;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What the attacks are to find, reach or change, and must not: a file that only root may read, and a process of the
 * host that listens on an abstract socket, on one with a path and on a TCP port, and holds shared memory.
 */
final class Canaries implements AutoCloseable {

    private final Path folder;
    private final Path file;
    private final Process process;
    private final JsonNode listening;
    private final Map<String, Object> before;

    private Canaries(Path folder, Path file, Process process, JsonNode listening) throws IOException {
        this.folder = folder;
        this.file = file;
        this.process = process;
        this.listening = listening;
        before = state();
    }

    static Canaries plant() throws IOException {
        Path folder = Files.createTempDirectory("zygotes-canaries-");
        Path file = Files.writeString(folder.resolve("secret"), "what nobody in a sandbox may read");
        Path script = Files.writeString(folder.resolve("listen.py"), AttackedWorker.resource("listen.py"));
        Process process = new ProcessBuilder(
                        "python3", script.toString(), folder.resolve("socket").toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        return new Canaries(folder, file, process, AttackedWorker.JSON.readTree(reader.readLine()));
    }

    /** A TCP port on which a process of the host listens. */
    int port() {
        return listening.get("port").asInt();
    }

    /** What the attacks must know to try. */
    Map<String, Object> event(int workerPort, String network, List<String> forbidden) throws IOException {
        Map<String, Object> event = new HashMap<>();
        event.put("canary", file.toString());
        event.put("forbidden", forbidden);
        event.put("abstract", listening.get("abstract").asText());
        event.put("path", listening.get("path").asText());
        event.put("tcp_port", port());
        event.put("segment", listening.get("key").asInt());
        event.put("scoped", listening.get("landlock").asInt() >= 6);
        event.put("expendable", mayLimitResources());
        event.put("uml", Files.readString(Path.of("/proc/cpuinfo")).contains("User Mode Linux"));
        event.put("ipv6", Files.exists(Path.of("/proc/net/if_inet6")));
        event.put("worker_port", workerPort);
        event.put("network", network);
        event.put("refused", AttackedWorker.resource("refused-x86_64.txt").strip());
        return event;
    }

    /** Whether this process, and so the worker, has CAP_SYS_RESOURCE, number 24. */
    private static boolean mayLimitResources() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("CapEff:"))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) >> 24 & 1) == 1);
    }

    /** What of them has changed; empty if nothing has. */
    String damage() throws IOException {
        if (!process.isAlive()) {
            return "the process that listens is gone";
        }
        Map<String, Object> now = state();
        return now.equals(before) ? "" : before + " became " + now;
    }

    /** The canaries' state, and the host's mounts. */
    private Map<String, Object> state() throws IOException {
        return Map.of(
                "file", Files.readString(file),
                "owner and mode", Files.readAttributes(file, "unix:uid,gid,mode,nlink", LinkOption.NOFOLLOW_LINKS),
                "mounts", Files.readString(Path.of("/proc/self/mountinfo")),
                "core pattern", Files.readString(Path.of("/proc/sys/kernel/core_pattern")),
                "host name", Files.readString(Path.of("/proc/sys/kernel/hostname")));
    }

    @Override
    public void close() throws IOException {
        process.destroy();
        try {
            process.waitFor(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Folders.delete(folder);
    }
}
