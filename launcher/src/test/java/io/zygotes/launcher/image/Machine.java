package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Whether this machine can run real sandboxes. */
public final class Machine {

    private Machine() {}

    /** Skips the tests of a class, and says so, if this machine cannot run them. */
    public static void require(String tests) {
        lacks().ifPresent(reason -> {
            System.out.println("skipped " + tests + ": " + reason);
            abort(reason);
        });
    }

    /** The cgroup of the worker of a directory, by the number that it keeps there. */
    public static Path region(Path directory) throws IOException {
        String number = Files.readString(directory.resolve("sandboxes/region")).split(" ")[0];
        try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mountinfo"))) {
            String unified = mounts.filter(line -> line.contains(" - cgroup2 "))
                    .findFirst()
                    .orElseThrow()
                    .split(" ")[4];
            return Path.of(unified, "zygotes", "worker-" + number);
        }
    }

    /** Why it cannot; empty if it can. */
    static Optional<String> lacks() {
        if (!System.getProperty("os.name").equals("Linux")) {
            return Optional.of("real sandboxes need Linux, this is " + System.getProperty("os.name"));
        }
        if (!System.getProperty("user.name").equals("root")) {
            return Optional.of("real sandboxes need root, this is " + System.getProperty("user.name"));
        }
        boolean python = false;
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":")) {
            python |= Files.isExecutable(Path.of(folder, "python3"));
        }
        return python ? Optional.empty() : Optional.of("real sandboxes need python3 on the PATH");
    }
}
