package io.zygotes.core.function;

import io.zygotes.core.function.Answer.Start;
import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Reply;
import io.zygotes.spi.ReplyStream;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * One call on its way to a leaf.
 *
 * @param invocation what is asked
 * @param parts gets an answer that comes in parts; empty for a caller that wants it as a whole
 */
record FunctionCall(Invocation invocation, Optional<AnswerParts> parts) {

    FunctionCall {
        Objects.requireNonNull(invocation);
        Objects.requireNonNull(parts);
    }

    /** Runs it in a leaf in use. */
    Answer in(PooledLeaf leaf, Start start, Duration timeout) throws SandboxException, InterruptedException {
        Reply reply = parts.isEmpty()
                ? leaf.call(invocation, timeout)
                : leaf.call(invocation, timeout, new ReplyStream() {
                    @Override
                    public void begin(Reply head) throws IOException {
                        parts.get().begin(new Answer(head, start, leaf.id()));
                    }

                    @Override
                    public void write(byte[] part) throws IOException {
                        parts.get().write(part);
                    }
                });
        return new Answer(reply, start, leaf.id());
    }
}
