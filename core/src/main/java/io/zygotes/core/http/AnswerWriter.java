package io.zygotes.core.http;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingCallback;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * Writes the body of an answer in pieces, each of which the client must take in time: who reads slower holds the memory
 * of the answer, which others need. Its connection is closed then. What fits into the socket's buffer at once, as
 * almost all answers do, costs no timer.
 */
abstract class AnswerWriter extends IteratingCallback {

    /** What a client must take in the time for it, in bytes. */
    static final int PIECE = 256 << 10;

    private final Response response;
    private final ByteBuffer body;
    private final EndPoint connection;
    private final Scheduler scheduler;
    private final Duration patience;
    private boolean wroteLast;

    // The rest is guarded by this object's monitor.

    private int begun;
    private int taken;
    private Scheduler.Task deadline;

    /**
     * @param body what to write
     * @param patience how long each piece may take
     */
    AnswerWriter(Response response, byte[] body, EndPoint connection, Scheduler scheduler, Duration patience) {
        this.response = response;
        this.body = ByteBuffer.wrap(body);
        this.connection = connection;
        this.scheduler = scheduler;
        this.patience = patience;
    }

    /**
     * Called once, when all is written or nothing more will be.
     *
     * @param failure why nothing more will be; null if all is written
     */
    abstract void ended(Throwable failure);

    @Override
    protected Action process() {
        if (wroteLast) {
            return Action.SUCCEEDED;
        }
        int length = Math.min(PIECE, body.remaining());
        ByteBuffer piece = body.slice(body.position(), length);
        body.position(body.position() + length);
        wroteLast = !body.hasRemaining();
        int number = begin();
        response.write(wroteLast, piece, Callback.from(this::pieceTaken, this::failed));
        awaitLonger(number);
        return Action.SCHEDULED;
    }

    private synchronized int begin() {
        begun++;
        return begun;
    }

    private void pieceTaken() {
        synchronized (this) {
            taken++;
            endDeadline();
        }
        succeeded();
    }

    /** Sets the deadline of a piece that was not taken at once. */
    private synchronized void awaitLonger(int number) {
        if (taken < number && deadline == null) {
            deadline = scheduler.schedule(
                    () -> connection.close(new TimeoutException("the client took less than " + PIECE
                            + " bytes of an answer in " + patience.toMillis() + " ms")),
                    patience.toMillis(),
                    TimeUnit.MILLISECONDS);
        }
    }

    private synchronized void endDeadline() {
        if (deadline != null) {
            deadline.cancel();
            deadline = null;
        }
    }

    @Override
    protected void onCompleted(Throwable causeOrNull) {
        synchronized (this) {
            taken = Integer.MAX_VALUE;
            endDeadline();
        }
        ended(causeOrNull);
    }
}
