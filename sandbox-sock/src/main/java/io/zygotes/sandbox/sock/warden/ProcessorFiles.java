package io.zygotes.sandbox.sock.warden;

import io.zygotes.sandbox.sock.protocol.Protocol;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Entries of the base root for {@code /sys}: what programs look up about processors before they decide with how many
 * threads they work (lscpu, OpenMP, onnxruntime, jax, psutil). These are copies, made once: nothing of the kernel can
 * be changed through them, they cost a sandbox no mount, and what else the kernel shows there is not there.
 */
final class ProcessorFiles {

    private static final String SYSTEM = "/sys/devices/system";

    /** Below {@link #SYSTEM}. Nothing in it changes but by plugging processors. */
    private static final Pattern COPIED = Pattern.compile("cpu/(on|off)line|cpu/(possible|present|isolated|kernel_max)"
            + "|cpu/(smt|vulnerabilities)/\\w+"
            + "|cpu/cpu\\d+/(online|cpu_capacity|node\\d+|topology/\\w+|cache/index\\d+/\\w+)"
            + "|node/(online|possible|has_\\w+)|node/node\\d+/(cpulist|cpumap|distance|cpu\\d+)");
    /** Ways to these. */
    private static final Pattern ENTERED = Pattern.compile(
            "|cpu|node|cpu/(smt|vulnerabilities|cpu\\d+)|cpu/cpu\\d+/(topology|cache|cache/index\\d+)|node/node\\d+");

    /**
     * Where programs look for devices that sandboxes have none of; psutil raises an exception if a folder is missing.
     */
    private static final List<String> EMPTY =
            List.of("/sys/class/hwmon", "/sys/class/power_supply", "/sys/class/thermal");

    private final Path source;
    private final List<List<String>> entries = new ArrayList<>();

    private ProcessorFiles(Path source) {
        this.source = source;
    }

    /**
     * Looks at them.
     *
     * @param sys where the kernel shows its devices: {@code /sys}
     */
    static List<List<String>> entries(Path sys) throws IOException {
        ProcessorFiles files = new ProcessorFiles(sys.resolve("devices/system"));
        if (Files.isDirectory(files.source)) {
            files.take("");
        }
        EMPTY.forEach(folder -> files.entries.add(List.of(Protocol.ENTRY_FOLDER, folder)));
        return files.entries;
    }

    private void take(String below) throws IOException {
        entries.add(List.of(Protocol.ENTRY_FOLDER, below.isEmpty() ? SYSTEM : SYSTEM + "/" + below));
        try (DirectoryStream<Path> children = Files.newDirectoryStream(source.resolve(below))) {
            for (Path child : children) {
                String name = below.isEmpty() ? child.getFileName().toString() : below + "/" + child.getFileName();
                if (Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)
                        && ENTERED.matcher(name).matches()) {
                    take(name);
                } else if (COPIED.matcher(name).matches()) {
                    copy(child, SYSTEM + "/" + name);
                }
            }
        }
    }

    private void copy(Path file, String target) {
        try {
            if (Files.isSymbolicLink(file)) {
                entries.add(List.of(
                        Protocol.ENTRY_LINK,
                        target,
                        Files.readSymbolicLink(file).toString()));
            } else {
                entries.add(List.of(
                        Protocol.ENTRY_TEXT, target, new String(Files.readAllBytes(file), StandardCharsets.US_ASCII)));
            }
        } catch (IOException e) {
            // Some say that they have nothing to say (topology/… of a processor that is off): then it is not there.
            return;
        }
    }
}
