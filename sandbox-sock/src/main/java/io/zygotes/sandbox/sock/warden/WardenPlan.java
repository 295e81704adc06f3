package io.zygotes.sandbox.sock.warden;

import java.nio.file.Path;
import java.util.List;

/**
 * What every warden of a worker is started with.
 *
 * @param python the interpreter of the sandboxes
 * @param interpreterOnHost path of the interpreter that the warden itself starts with, on the host
 * @param baseRoot the entries of {@link BaseRoot}
 * @param mountPoint a folder on the host, on which it mounts the base root in its own mount namespace
 * @param tuning the value of {@code ZYGOTES_TUNING}; empty leaves nothing out
 */
public record WardenPlan(
        PythonRuntime python, String interpreterOnHost, List<List<String>> baseRoot, Path mountPoint, String tuning) {

    /** Copies the list. */
    public WardenPlan {
        baseRoot = List.copyOf(baseRoot);
    }
}
