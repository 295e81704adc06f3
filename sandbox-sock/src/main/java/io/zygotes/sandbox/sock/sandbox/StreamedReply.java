package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.sandbox.sock.protocol.Call;
import io.zygotes.sandbox.sock.protocol.Channel;
import io.zygotes.sandbox.sock.protocol.FailureReport;
import io.zygotes.sandbox.sock.protocol.Frame;
import io.zygotes.sandbox.sock.protocol.MisbehavedException;
import io.zygotes.sandbox.sock.protocol.Response;
import io.zygotes.spi.Reply;
import io.zygotes.spi.ReplyStream;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.util.concurrent.TimeoutException;

/** Passes the parts of an answer on as they come, or tells the leaf that nobody wants them. One thread. */
final class StreamedReply {

    private final Channel channel;
    private final long deadline;
    private final ReplyStream stream;
    private boolean cancelled;

    /**
     * @param deadline the moment ({@link System#nanoTime}) until which the whole answer may take
     * @param stream gets it
     */
    StreamedReply(Channel channel, long deadline, ReplyStream stream) {
        this.channel = channel;
        this.deadline = deadline;
        this.stream = stream;
    }

    /**
     * Passes on the whole answer, to its end.
     *
     * @param begin its first frame
     * @return what it began with
     * @throws SandboxException.BrokenOff if the lambda did not end it well
     */
    Reply pass(Frame begin) throws IOException, TimeoutException, InterruptedException, SandboxException {
        Reply head = Response.read(begin);
        pass(() -> stream.begin(head));
        Frame next = channel.receive(deadline);
        while (next.isPart()) {
            byte[] part = next.body();
            pass(() -> stream.write(part));
            next = channel.receive(deadline);
        }
        if (!next.isEnd()) {
            throw new MisbehavedException("it sent a message of kind " + next.kind() + " in the middle of an answer");
        }
        if (next.body().length > 0 && !cancelled) {
            FailureReport report = FailureReport.read(next);
            throw new SandboxException.BrokenOff(report.error(), report.traceback());
        }
        return head;
    }

    /** One step towards whoever wants the answer. */
    @FunctionalInterface
    private interface Step {
        void run() throws IOException;
    }

    private void pass(Step step) throws IOException, TimeoutException, InterruptedException {
        if (cancelled) {
            return;
        }
        try {
            step.run();
        } catch (IOException e) {
            // It is the client that is gone. The leaf ends its answer, and serves on.
            cancelled = true;
            channel.send(Call.cancel(), deadline);
        }
    }
}
