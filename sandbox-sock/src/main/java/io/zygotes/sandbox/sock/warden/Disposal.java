package io.zygotes.sandbox.sock.warden;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.Pipe;
import io.zygotes.sandbox.sock.protocol.UnaskedFiles;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Has open files that sandboxes sent unasked closed by a process below the warden, so that nobody here waits for their
 * other sides. Safe for use by many threads.
 */
final class Disposal implements UnaskedFiles {

    private static final System.Logger LOG = System.getLogger(Disposal.class.getName());
    /** SCM_MAX_FD of unix(7), less the gate. */
    private static final int MOST_AT_ONCE = 252;

    private final Supplier<Optional<Warden>> warden;
    /** Those that no warden took yet; they stay open here. */
    private final List<Descriptor> kept = new ArrayList<>();

    /** @param warden the one that lives */
    Disposal(Supplier<Optional<Warden>> warden) {
        this.warden = warden;
    }

    @Override
    public synchronized void dispose(List<Descriptor> files) {
        kept.addAll(files);
        // Without a warden there are no sandboxes, and the next one who sends files has another warden.
        Optional<Warden> current = warden.get();
        try {
            while (current.isPresent() && !kept.isEmpty()) {
                handOver(current.get(), kept.subList(0, Math.min(MOST_AT_ONCE, kept.size())));
            }
        } catch (IOException | TimeoutException e) {
            LOG.log(
                    Level.WARNING,
                    kept.size() + " open files that a sandbox sent stay open in the worker until another one sends"
                            + " some: the warden does not take them: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * None of our copies is the last one: until the pipe is closed here, others are in the warden's socket or below it.
     */
    private static void handOver(Warden warden, List<Descriptor> part)
            throws IOException, TimeoutException, InterruptedException {
        Pipe gate = Pipe.open();
        try {
            warden.dispose(gate.reading(), part);
            part.forEach(Descriptor::close);
            part.clear();
        } finally {
            gate.reading().close();
            gate.writing().close();
        }
    }
}
