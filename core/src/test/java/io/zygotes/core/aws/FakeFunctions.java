package io.zygotes.core.aws;

import io.zygotes.core.function.Answer;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Reply;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Functions whose answers, or failures, a test says beforehand. */
final class FakeFunctions implements FunctionCalls {

    record Called(String lambda, Invocation invocation) {}

    /** What a call does; may throw what a call may throw. */
    interface Behaviour {
        Reply answer(Invocation invocation) throws Exception;
    }

    final List<Called> calls = new CopyOnWriteArrayList<>();
    volatile Behaviour behaviour = invocation -> new Reply(200, invocation.body());

    void answers(int status, String body) {
        behaviour = invocation -> new Reply(status, body.getBytes(StandardCharsets.UTF_8));
    }

    /** As a sandbox tells of an exception. */
    void raises(String error, String traceback) {
        byte[] body = Json.bytes(Json.object().put("error", error).put("traceback", traceback));
        behaviour = invocation -> new Reply(500, body);
    }

    void fails(Exception failure) {
        behaviour = invocation -> {
            throw failure;
        };
    }

    @Override
    public Answer invoke(String lambda, Invocation invocation) {
        calls.add(new Called(lambda, invocation));
        try {
            return new Answer(behaviour.answer(invocation), Answer.Start.WARM, "leaf-1");
        } catch (Exception e) {
            throw FakeFunctions.<RuntimeException>unchecked(e);
        }
    }

    @SuppressWarnings("unchecked")
    private static <E extends Exception> E unchecked(Exception e) throws E {
        throw (E) e;
    }
}
