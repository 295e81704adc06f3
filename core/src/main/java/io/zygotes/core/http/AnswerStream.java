package io.zygotes.core.http;

import io.zygotes.spi.HeaderField;
import io.zygotes.spi.Reply;
import io.zygotes.spi.ReplyStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;

/** Writes an answer that comes in parts, each when it comes. Used by the request's thread. */
final class AnswerStream implements ReplyStream {

    private final Request request;
    private final Response response;
    private final Duration patience;
    private boolean begun;

    /** @param patience how long the client may take for {@link AnswerWriter#PIECE} bytes */
    AnswerStream(Request request, Response response, Duration patience) {
        this.request = request;
        this.response = response;
        this.patience = patience;
    }

    /** Whether a part of an answer has left, so that there cannot be another one. */
    boolean isBegun() {
        return begun;
    }

    @Override
    public void begin(Reply head) throws IOException {
        begun = true;
        writeHead(response, head.status(), head.fields());
        if (hasBody(head.status())
                && !response.getHeaders().contains(HttpHeader.CONTENT_LENGTH)
                && request.getConnectionMetaData().getHttpVersion() == HttpVersion.HTTP_1_1) {
            // Else the end of the connection would be that of the answer, for a client that wants it closed: nobody
            // could tell a whole answer from one that broke off.
            response.getHeaders().put(HttpHeader.TRANSFER_ENCODING, HttpHeaderValue.CHUNKED);
        }
        // Without a part in it, too: the client is to know that the answer begins.
        writePiece(ByteBuffer.wrap(hasBody(head.status()) ? head.body() : new byte[0]));
    }

    @Override
    public void write(byte[] part) throws IOException {
        if (!hasBody(response.getStatus())) {
            return;
        }
        ByteBuffer rest = ByteBuffer.wrap(part);
        while (rest.hasRemaining()) {
            ByteBuffer piece = rest.slice(rest.position(), Math.min(AnswerWriter.PIECE, rest.remaining()));
            rest.position(rest.position() + piece.remaining());
            writePiece(piece);
        }
    }

    /**
     * That was all of it.
     *
     * @param well whether it is whole; otherwise the connection ends, so that nobody takes it for that
     * @param ending called when it is written
     */
    void end(boolean well, Callback ending) {
        if (well) {
            response.write(true, BufferUtil.EMPTY_BUFFER, ending);
        } else {
            ending.failed(new IOException("the answer broke off"));
        }
    }

    /** Sets status and header. The server's own fields, such as the length, come later and win. */
    static void writeHead(Response response, int status, List<HeaderField> fields) {
        response.setStatus(status);
        fields.forEach(field -> response.getHeaders().add(field.name(), field.value()));
    }

    /** Whether an answer with this status may have a body (RFC 9110 15.3.5, 15.4.5). */
    static boolean hasBody(int status) {
        return status != HttpStatus.NO_CONTENT_204 && status != HttpStatus.NOT_MODIFIED_304;
    }

    private void writePiece(ByteBuffer piece) throws IOException {
        Callback.Completable written = new Callback.Completable();
        response.write(false, piece, written);
        try {
            written.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException("the client is gone: " + e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            IOException slow = new IOException("the client took less than " + AnswerWriter.PIECE
                    + " bytes of an answer in " + patience.toMillis() + " ms");
            request.getConnectionMetaData().getConnection().getEndPoint().close(slow);
            throw slow;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("the worker is stopping", e);
        }
    }
}
