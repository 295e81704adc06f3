package io.zygotes.launcher.measure.tree;

import io.zygotes.core.Worker;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.session.ContextTap;
import io.zygotes.launcher.measure.session.Workplace;
import io.zygotes.launcher.tree.TreePlugin;
import io.zygotes.launcher.worker.Workers;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.SandboxException;
import java.io.Closeable;
import java.io.IOException;

/**
 * A worker in a temporary folder that serves no lambda: its packages and sandboxes are for measuring. Leaves nothing
 * behind once it is closed, which may happen at any time and on another thread.
 */
final class MeasureBench implements Closeable {

    private final Workplace place;

    private MeasureBench(Workplace place) {
        this.place = place;
    }

    /**
     * Makes the temporary folder.
     *
     * @throws IOException if the folder cannot be made
     */
    static MeasureBench make() throws IOException {
        return new MeasureBench(Workplace.of("measure"));
    }

    /**
     * Starts the worker; once.
     *
     * @throws ConfigException if it refuses its settings
     * @throws SandboxException if this machine cannot run the sandboxes
     * @throws Failure if the measurement was stopped
     */
    ImportCacheContext start() throws ConfigException, SandboxException, IOException, InterruptedException, Failure {
        place.furnish(TreePlugin.defaultTree());
        // A worker that is told nothing else has the usual settings, which is what costs are measured with.
        place.change(config -> config.removeAll().put("worker_port", 0));
        ContextTap tap = new ContextTap();
        place.worker(() -> {
            Worker worker = Workers.make(place.directory(), place.config(), tap);
            worker.start();
            return worker::close;
        });
        return tap.context();
    }

    @Override
    public void close() throws IOException {
        place.close();
    }
}
