package io.zygotes.sandbox.sock.warden;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What every warden of a worker is started with.
 *
 * @param python the interpreter of the sandboxes
 * @param interpreterOnHost path of the interpreter that the warden itself starts with, on the host
 * @param baseRoot the entries of {@link BaseRoot}
 * @param settings what {@code /etc} of the sandboxes follows
 * @param mountPoint a folder on the host, on which it mounts the base root in its own mount namespace
 * @param tuning the value of {@code ZYGOTES_TUNING}; empty leaves nothing out
 */
public record WardenPlan(
        PythonRuntime python,
        String interpreterOnHost,
        List<List<String>> baseRoot,
        EtcSource settings,
        Path mountPoint,
        String tuning) {

    /**
     * A plan.
     *
     * @param base the folder that sandboxes have as their root; empty for the host's own files
     * @throws IOException if what is in it cannot be read
     */
    public static WardenPlan of(
            PythonRuntime python, String interpreterOnHost, Optional<Path> base, Path mountPoint, String tuning)
            throws IOException {
        EtcSource settings = new EtcSource(RootFolder.of(base.orElse(Path.of("/"))));
        return new WardenPlan(python, interpreterOnHost, BaseRoot.plan(base, python), settings, mountPoint, tuning);
    }

    /** Copies the list. */
    public WardenPlan {
        baseRoot = List.copyOf(baseRoot);
    }
}
