package io.zygotes.core;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What a worker has started, the last thing on top. It is undone in that order, after a failed start as well as at the
 * end. Used by one thread at a time.
 */
final class UndoStack {

    private static final Logger LOG = System.getLogger(UndoStack.class.getName());

    private final Deque<Entry> entries = new ArrayDeque<>();

    private record Entry(String what, AutoCloseable undo) {}

    /**
     * Something was started.
     *
     * @param what its name for the log
     * @param undo ends it
     */
    void push(String what, AutoCloseable undo) {
        entries.push(new Entry(what, undo));
    }

    /**
     * Undoes everything. What fails is logged and does not keep the rest from being undone. Undoes nothing when it is
     * called again.
     */
    void undoAll() {
        while (!entries.isEmpty()) {
            Entry entry = entries.pop();
            try {
                entry.undo().close();
            } catch (InterruptedException e) {
                // What is left must be freed all the more; nothing of it waits any more.
                Thread.currentThread().interrupt();
            } catch (Exception e) {
                LOG.log(Level.ERROR, "closing failed: " + entry.what(), e);
            }
        }
    }
}
