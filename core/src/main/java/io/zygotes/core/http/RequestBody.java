package io.zygotes.core.http;

import io.zygotes.core.files.StorageException;
import io.zygotes.core.http.HttpQuestion.TooLargeException;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;

/** The body of one request, which is read when somebody wants it. Of the request's thread. */
final class RequestBody {

    /** A client that takes longer to send its body holds a thread for nothing. */
    private static final long BODY_NANOS = Duration.ofSeconds(60).toNanos();

    private final Request request;
    private final BodyRoom.Share share;
    private final int maxBody;
    private boolean taken;

    /**
     * @param share the memory for it
     * @param maxBody the most bytes that are read into memory
     */
    RequestBody(Request request, BodyRoom.Share share, int maxBody) {
        this.request = request;
        this.share = share;
        this.maxBody = maxBody;
    }

    /** Whether there is one that nobody has read. */
    boolean isLeft() {
        return !taken && (request.getLength() > 0 || request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING));
    }

    /** Writes it to a file, as {@link HttpQuestion.Upload}. */
    void write(Path file, long most) throws TooLargeException, StorageException, IOException {
        taken = true;
        UploadedBody.write(Content.Source.asInputStream(request), request.getLength(), file, most);
    }

    /** Reads all of it, as {@link HttpQuestion.Body}. */
    byte[] read() throws TooLargeException, IOException {
        taken = true;
        if (request.getLength() == 0) {
            return new byte[0];
        }
        if (request.getLength() > maxBody) {
            throw tooLarge();
        }
        long until = System.nanoTime() + BODY_NANOS;
        // The array grows as bytes come: a client may say that it sends more than it does.
        byte[] body = new byte[BodyRoom.FREE];
        int length = 0;
        try (InputStream in = Content.Source.asInputStream(request)) {
            for (int n = in.read(body, 0, body.length); n >= 0; n = in.read(body, length, body.length - length)) {
                length += n;
                if (length > maxBody) {
                    throw tooLarge();
                }
                if (System.nanoTime() > until) {
                    throw new SocketTimeoutException("the body took longer than a minute");
                }
                if (length == body.length) {
                    share.take(Math.min(length, maxBody + 1 - length));
                    body = Arrays.copyOf(body, Math.min(2 * length, maxBody + 1));
                }
            }
        }
        return length == body.length ? body : Arrays.copyOf(body, length);
    }

    private TooLargeException tooLarge() {
        return new TooLargeException("the body is larger than " + (maxBody >> 20) + " MiB");
    }
}
