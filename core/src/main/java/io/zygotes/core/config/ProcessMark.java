package io.zygotes.core.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * One process among all that ever were, on any machine. A process id alone is given to another one later, and means
 * another one in another container.
 *
 * @param pid its id
 * @param boot the boot of the machine (random(4)); empty if it is not known
 * @param namespace its pid namespace (pid_namespaces(7)); empty if it is not known
 * @param started when it started, in clock ticks after the boot (proc_pid_stat(5)); -1 if it is not known
 */
record ProcessMark(long pid, String boot, String namespace, long started) {

    private static final Path PROC = Path.of("/proc");
    /** Fields of /proc/PID/stat behind the command's name, from the state on. */
    private static final int STARTED = 19;

    private static final int LARGEST = 4096;

    /** This process. */
    static ProcessMark ofThisProcess() {
        return of(ProcessHandle.current().pid());
    }

    private static ProcessMark of(long pid) {
        return new ProcessMark(pid, read("sys/kernel/random/boot_id"), namespaceHere(), startOf(pid));
    }

    private static String namespaceHere() {
        try {
            return Files.readSymbolicLink(PROC.resolve("self/ns/pid")).toString();
        } catch (IOException e) {
            return ""; // without /proc there is nothing to compare with
        }
    }

    private static long startOf(long pid) {
        // The command's name stands in parentheses, and may hold more of them.
        String stat = read(pid + "/stat");
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
        return fields.length > STARTED && fields[STARTED].matches("[0-9]{1,18}") ? Long.parseLong(fields[STARTED]) : -1;
    }

    /** In one piece: of a number below /proc/sys the kernel gives out no second one. Empty if it cannot be read. */
    private static String read(String file) {
        try (InputStream in = Files.newInputStream(PROC.resolve(file))) {
            byte[] bytes = new byte[LARGEST];
            int count = in.read(bytes);
            return new String(Arrays.copyOf(bytes, Math.max(0, count)), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return "";
        }
    }

    /**
     * Why this process must not be taken for the one that has its id here; empty if it is that one.
     *
     * @return a reason for people, with what to do
     */
    Optional<String> notHere() {
        ProcessMark here = of(pid);
        if (differ(boot, here.boot)) {
            return Optional.of(
                    "runs on another machine, or did before this one was started again; use the command there");
        }
        if (differ(namespace, here.namespace)) {
            return Optional.of("runs in another pid namespace, such as that of a container; use the command there");
        }
        if (here.started < 0) {
            return Optional.of(
                    "has process id " + pid + ", which this system does not show; is it in another" + " container?");
        }
        if (started >= 0 && started != here.started) {
            return Optional.of("had process id " + pid + ", which is another process by now; use the command where the"
                    + " worker runs");
        }
        return Optional.empty();
    }

    private static boolean differ(String one, String other) {
        return !one.isEmpty() && !other.isEmpty() && !one.equals(other);
    }

    void write(ObjectNode node) {
        node.put("pid", pid);
        node.put("boot_id", boot);
        node.put("pid_namespace", namespace);
        node.put("start_ticks", started);
    }

    /** As {@link #write} wrote it; empty if it has no process id. */
    static Optional<ProcessMark> read(JsonNode node) {
        long pid = node.path("pid").asLong(-1);
        return pid <= 0
                ? Optional.empty()
                : Optional.of(new ProcessMark(
                        pid,
                        node.path("boot_id").asText(""),
                        node.path("pid_namespace").asText(""),
                        node.path("start_ticks").asLong(-1)));
    }
}
