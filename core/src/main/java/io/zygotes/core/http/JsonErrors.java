package io.zygotes.core.http;

import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;

/** Answers in JSON what the server refuses before the worker sees it, such as headers that are too large. */
final class JsonErrors extends ErrorHandler {

    /** Whatever the method, even one that nobody knows. */
    @Override
    public boolean errorPageForMethod(String method) {
        return true;
    }

    @Override
    protected void generateResponse(
            Request request, Response response, int code, String message, Throwable cause, Callback callback) {
        byte[] body = body(code, message);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, HttpAnswer.JSON);
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
        response.write(true, ByteBuffer.wrap(body), callback);
    }

    private static byte[] body(int code, String message) {
        String what = code >= 500 ? "the worker failed: " : "the request was refused: ";
        return HttpAnswer.error(code, what + (message == null ? "status " + code : message), HttpAnswer.PLAIN)
                .body();
    }
}
