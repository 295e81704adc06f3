package io.zygotes.launcher.measure.tree;

import io.zygotes.core.Worker;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.files.Folders;
import io.zygotes.launcher.measure.session.ContextTap;
import io.zygotes.launcher.tree.TreePlugin;
import io.zygotes.launcher.worker.Workers;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.SandboxException;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A worker in a temporary folder that serves no lambda: its packages and sandboxes are for measuring. Leaves nothing
 * behind once it is closed, which may happen at any time and on another thread.
 */
final class MeasureBench implements Closeable {

    private Path folder;
    private Worker worker;
    private boolean closed;

    /** Makes nothing yet. */
    MeasureBench() {}

    /**
     * Starts the worker; once.
     *
     * @throws ConfigException if it refuses its settings
     * @throws SandboxException if this machine cannot run the sandboxes
     */
    synchronized ImportCacheContext start()
            throws ConfigException, SandboxException, IOException, InterruptedException {
        if (closed) {
            throw new InterruptedException("the measurement was stopped");
        }
        folder = Files.createTempDirectory("zygotes-measure-");
        WorkerDirectory directory =
                WorkerDirectory.init(folder.resolve("worker"), new ByteArrayInputStream(TreePlugin.defaultTree()));
        Files.writeString(directory.configFile(), "{\"worker_port\": 0}");
        ContextTap tap = new ContextTap();
        worker = Workers.make(directory, directory.config(), tap);
        worker.start();
        return tap.context();
    }

    /** Stops the worker and removes the temporary folder. Idempotent. */
    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (worker != null) {
                worker.close();
            }
        } finally {
            if (folder != null) {
                Folders.delete(folder);
            }
        }
    }
}
