package io.zygotes.launcher.cli;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.python.HostPython;
import io.zygotes.core.python.PythonException;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.registry.RegistryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Looks at a lambda as the worker of a directory would, which need not run. */
final class LocalCheck {

    private final WorkerConfig config;

    /** @param config the worker's settings */
    LocalCheck(WorkerConfig config) {
        this.config = config;
    }

    /**
     * Looks whether its settings and requirements can be used.
     *
     * @param content a folder with its files
     * @throws RegistryException naming all that is wrong
     * @throws IOException if they cannot be read, or the interpreter cannot be asked what it is
     */
    void check(String name, Path content) throws RegistryException, IOException {
        Map<String, String> markers =
                Files.exists(content.resolve("requirements.txt"), LinkOption.NOFOLLOW_LINKS) ? markers() : Map.of();
        new LambdaRegistry(
                        new LambdaStore(config.registryFolder()),
                        config.stateFolder().resolve("code"),
                        Duration.ofMillis(config.registryCacheMs()),
                        config.limits(),
                        config.network(),
                        config.memPoolMb() / 2,
                        () -> markers)
                .check(name, content);
    }

    /** Which requirements hold depends on them. */
    private Map<String, String> markers() throws IOException {
        try {
            return HostPython.probe(config.python()).markers();
        } catch (PythonException e) {
            throw new IOException("cannot tell which requirements hold: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while Python was asked what it is", e);
        }
    }
}
