package io.zygotes.core.http;

import io.zygotes.spi.Reply;
import io.zygotes.spi.ReplyStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/** Puts an answer that comes in parts together, for those who can only pass on a whole one. Of one thread. */
final class WholeAnswer implements ReplyStream {

    private final int most;
    private final ByteArrayOutputStream parts = new ByteArrayOutputStream();
    private boolean begun;
    private boolean tooLong;

    /** @param most bytes of an answer that are kept */
    WholeAnswer(int most) {
        this.most = most;
    }

    @Override
    public void begin(Reply head) throws IOException {
        begun = true;
        write(head.body());
    }

    @Override
    public void write(byte[] part) throws IOException {
        if (parts.size() + part.length > most) {
            tooLong = true;
            throw new IOException("the answer is longer than " + most + " bytes");
        }
        parts.writeBytes(part);
    }

    /** The whole answer to a question that had this as its stream. */
    HttpAnswer of(HttpAnswer answer) {
        if (!begun || !answer.isStreamed()) {
            return answer;
        }
        if (tooLong) {
            return HttpAnswer.error(
                    502,
                    "the answer is longer than " + most + " bytes; ask over HTTP, where it comes in parts",
                    HttpAnswer.PLAIN);
        }
        return new HttpAnswer(answer.status(), answer.fields(), parts.toByteArray(), false);
    }
}
