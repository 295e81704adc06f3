package io.zygotes.launcher.measure.check;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/**
 * What workers of this process log while it is open, kept instead of shown: it says why a lambda is not served by a
 * zygote, which belongs into the report.
 */
final class WorkerLog implements AutoCloseable {

    private static final int MOST = 20_000;
    private static final SimpleFormatter FORMAT = new SimpleFormatter();
    /** Held, because a logger that nobody holds may be forgotten with its level. */
    private static final Logger LOG = Logger.getLogger("io.zygotes");

    private final List<String> messages = new CopyOnWriteArrayList<>();
    private final Level before = LOG.getLevel();
    private final boolean shownBefore = LOG.getUseParentHandlers();
    private final Handler keeper = new Handler() {
        @Override
        public void publish(LogRecord event) {
            if (messages.size() < MOST) {
                messages.add(FORMAT.formatMessage(event));
            }
        }

        @Override
        public void flush() {
            // Nothing is held back.
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    };

    private WorkerLog() {}

    static WorkerLog open() {
        WorkerLog log = new WorkerLog();
        LOG.setLevel(Level.INFO);
        LOG.setUseParentHandlers(false);
        LOG.addHandler(log.keeper);
        return log;
    }

    /** The last thing that was said of a lambda; empty if nothing was. */
    Optional<String> about(String lambda) {
        return messages.stream()
                .filter(message -> message.startsWith("lambda " + lambda + " "))
                .reduce((first, second) -> second);
    }

    /** The last thing in which a text stands; empty if it stands in none. */
    Optional<String> with(String text) {
        return messages.stream().filter(message -> message.contains(text)).reduce((first, second) -> second);
    }

    @Override
    public void close() {
        LOG.removeHandler(keeper);
        LOG.setLevel(before);
        LOG.setUseParentHandlers(shownBefore);
    }
}
