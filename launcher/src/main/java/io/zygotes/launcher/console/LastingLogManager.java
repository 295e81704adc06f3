package io.zygotes.launcher.console;

import java.util.logging.LogManager;

/**
 * Java's log manager, which closes all logs as soon as the process is told to end: its shutdown hook runs beside that
 * of the worker, which has much to say for some seconds yet. This one leaves them open while {@link Logs} says so.
 * Public with a public constructor, because Java makes it by its name.
 */
public final class LastingLogManager extends LogManager {

    /** For Java alone. */
    public LastingLogManager() {}

    /** {@inheritDoc} Not while the logs have to stay open. */
    @Override
    public void reset() {
        if (!Logs.stayOpen()) {
            super.reset();
        }
    }
}
