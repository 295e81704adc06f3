package io.zygotes.core.aws;

import io.zygotes.core.aws.AwsException.Type;
import io.zygotes.core.aws.EventQueue.Event;
import io.zygotes.core.files.StorageException;
import io.zygotes.core.function.Answer;
import io.zygotes.core.function.OverloadException;
import io.zygotes.core.function.ReservedConcurrency;
import io.zygotes.core.output.OutputTails;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.spi.HeaderField;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Origin;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Calls of functions: at once, later, or only as a question whether that could be. Safe for use by many threads.
 *
 * <p>A function is told of its call by headers with the names that the service's own runtimes get them under. No client
 * can send them.
 */
final class Invocations {

    /** The largest event that somebody waits for, in bytes, from the model: 6 MB. */
    static final int MOST_BYTES = 6 << 20;
    /** The largest event of type Event, in bytes: 1 MB by the documentation of {@code Invoke} in the model. */
    static final int MOST_EVENT_BYTES = 1 << 20;

    private static final int MOST_CONTEXT = 3583;
    private static final byte[] NO_PAYLOAD = "{}".getBytes(StandardCharsets.UTF_8);

    private final LambdaRegistry registry;
    private final FunctionCalls functions;
    private final Qualifiers qualifiers;
    private final EventQueue events;
    private final OutputTails output;
    private final Arns arns;

    Invocations(
            LambdaRegistry registry,
            FunctionCalls functions,
            Qualifiers qualifiers,
            EventQueue events,
            OutputTails output,
            Arns arns) {
        this.registry = registry;
        this.functions = functions;
        this.qualifiers = qualifiers;
        this.events = events;
        this.output = output;
        this.arns = arns;
    }

    /**
     * Which call is meant.
     *
     * @param name as the request names the function
     * @param target the lambda that serves it
     * @param code its code as it is now
     * @param requestId the id of the request
     */
    private record Call(FunctionName name, Qualifiers.Target target, LambdaCode code, String requestId) {

        int seconds() {
            return code.spec().limits().runtimeSec();
        }

        String module() {
            return code.spec().environment().getOrDefault("_HANDLER", "f.f").replaceFirst("\\.[^.]*$", "");
        }
    }

    /** What a call came to, and what it printed. */
    private record Done(Outcome outcome, Optional<String> log) {}

    /** {@code Invoke}. */
    AwsAnswer invoke(AwsRequest request, String function, String requestId) throws AwsException, InterruptedException {
        FunctionName name = FunctionName.parse(function, request.parameter("Qualifier"));
        String type = request.header("x-amz-invocation-type").orElse("RequestResponse");
        boolean tail = wantsTail(request);
        Call call = call(name, requestId);
        return switch (type) {
            case "DryRun" -> executed(AwsAnswer.empty(204), call);
            case "Event" -> executed(later(request, call), call);
            case "RequestResponse" -> now(request, call, tail);
            default ->
                throw new AwsException(
                        Type.VALIDATION,
                        "1 validation error detected: Value '" + type + "' at 'invocationType' failed to satisfy"
                                + " constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]");
        };
    }

    /** {@code InvokeWithResponseStream}: the whole answer is one chunk. */
    AwsAnswer stream(AwsRequest request, String function, String requestId) throws AwsException, InterruptedException {
        Call call = call(FunctionName.parse(function, request.parameter("Qualifier")), requestId);
        String type = request.header("x-amz-invocation-type").orElse("RequestResponse");
        if (type.equals("DryRun")) {
            return executed(AwsAnswer.empty(204), call);
        }
        boolean tail = wantsTail(request);
        Done done = run(call, invocation(request, call, true), tail);
        return executed(
                new AwsAnswer(200, EventStream.TYPE, Map.of(), EventStream.of(done.outcome(), done.log())), call);
    }

    /** {@code InvokeAsync}, the old form of {@code Invoke} with the type Event. */
    AwsAnswer invokeAsync(AwsRequest request, String function, String requestId) throws AwsException {
        return later(request, call(FunctionName.parse(function, Optional.empty()), requestId));
    }

    private static boolean wantsTail(AwsRequest request) throws AwsException {
        String type = request.header("x-amz-log-type").orElse("None");
        return switch (type) {
            case "Tail" -> true;
            case "None" -> false;
            default ->
                throw new AwsException(
                        Type.VALIDATION,
                        "1 validation error detected: Value '" + type + "' at 'logType' failed to satisfy constraint:"
                                + " Member must satisfy enum value set: [Tail, None]");
        };
    }

    private Call call(FunctionName name, String requestId) throws AwsException {
        Qualifiers.Target target = qualifiers.target(name);
        try {
            return new Call(name, target, registry.lookup(target.lambda()), requestId);
        } catch (RegistryException e) {
            throw refusal(name, e);
        } catch (StorageException e) {
            throw new AwsException(Type.SERVICE, e.getMessage(), e);
        }
    }

    private AwsException refusal(FunctionName name, RegistryException failure) {
        return switch (failure.kind()) {
            case UNKNOWN, BAD_NAME -> AwsException.noFunction(arns.of(name));
            case BROKEN ->
                new AwsException(
                        Type.RESOURCE_CONFLICT,
                        "The operation cannot be performed at this time. The function is currently in the following"
                                + " state: Failed. " + failure.getMessage(),
                        failure);
        };
    }

    private static AwsAnswer executed(AwsAnswer answer, Call call) {
        return answer.with("X-Amz-Executed-Version", call.target().version());
    }

    private AwsAnswer later(AwsRequest request, Call call) throws AwsException {
        if (request.body().length > MOST_EVENT_BYTES) {
            throw new AwsException(
                    Type.REQUEST_TOO_LARGE,
                    request.body().length + " byte payload is too large for the Event invocation type (limit "
                            + MOST_EVENT_BYTES + " bytes)");
        }
        // The time of such a call begins when it is run; nobody knows yet when that is.
        Invocation invocation = invocation(request, call, false);
        if (!events.offer(new Event(call.target().lambda(), call.requestId(), invocation))) {
            throw AwsException.throttled(
                    "ConcurrentInvocationLimitExceeded",
                    "The queue for calls of invocation type Event is full; try again later");
        }
        return AwsAnswer.empty(202);
    }

    private AwsAnswer now(AwsRequest request, Call call, boolean tail) throws AwsException, InterruptedException {
        Done done = run(call, invocation(request, call, true), tail);
        AwsAnswer answer = executed(
                new AwsAnswer(200, AwsAnswer.JSON, Map.of(), done.outcome().payload()), call);
        if (done.outcome().failed()) {
            answer = answer.with("X-Amz-Function-Error", "Unhandled");
        }
        return done.log().isPresent()
                ? answer.with("X-Amz-Log-Result", done.log().get())
                : answer;
    }

    /** What the function gets. */
    private Invocation invocation(AwsRequest request, Call call, boolean now) throws AwsException {
        byte[] body = request.body().length == 0 ? NO_PAYLOAD : request.body();
        if (body.length > MOST_BYTES) {
            throw new AwsException(
                    Type.REQUEST_TOO_LARGE,
                    "Request must be smaller than " + MOST_BYTES + " bytes for the InvokeFunction operation");
        }
        Optional<String> fault = Json.fault(body);
        if (fault.isPresent()) {
            throw new AwsException(
                    Type.INVALID_REQUEST_CONTENT,
                    "Could not parse request body into json: Could not parse payload into json: " + fault.get());
        }
        Map<String, String> headers = new TreeMap<>();
        headers.put(AwsApi.RUNTIME_HEADERS + "aws-request-id", call.requestId());
        headers.put(AwsApi.RUNTIME_HEADERS + "invoked-function-arn", arns.of(call.name()));
        if (now) {
            headers.put(
                    AwsApi.RUNTIME_HEADERS + "deadline-ms",
                    Long.toString(System.currentTimeMillis() + 1000L * call.seconds()));
        }
        Optional<String> context = request.header("x-amz-client-context");
        if (context.isPresent() && now) {
            headers.put(AwsApi.RUNTIME_HEADERS + "client-context", clientContext(context.get()));
        }
        List<HeaderField> fields = headers.entrySet().stream()
                .map(header -> new HeaderField(header.getKey(), header.getValue()))
                .toList();
        return new Invocation("POST", "", fields, body, new Origin(false, call.requestId(), "", "http", "", ""));
    }

    private static String clientContext(String encoded) throws AwsException {
        try {
            byte[] text = Base64.getDecoder().decode(encoded);
            if (encoded.length() <= MOST_CONTEXT && Json.read(text).isObject()) {
                // On one line, and a character for each byte: it travels as a field of a header.
                return new String(Json.bytes(Json.read(text)), StandardCharsets.ISO_8859_1);
            }
        } catch (IllegalArgumentException | IOException e) {
            throw new AwsException(
                    Type.INVALID_REQUEST_CONTENT, "Client context must be a valid Base64-encoded JSON object.", e);
        }
        throw new AwsException(
                Type.INVALID_REQUEST_CONTENT,
                "Client context must be a valid Base64-encoded JSON object of at most " + MOST_CONTEXT
                        + " characters.");
    }

    private Done run(Call call, Invocation invocation, boolean wanted) throws AwsException, InterruptedException {
        if (!wanted) {
            return new Done(outcome(call, invocation, new String[1]), Optional.empty());
        }
        try (OutputTails.Tail tail = output.follow(call.target().lambda())) {
            String[] sandbox = new String[1];
            long start = System.nanoTime();
            Outcome outcome = outcome(call, invocation, sandbox);
            long nanos = System.nanoTime() - start;
            byte[] printed = tail.text(Optional.ofNullable(sandbox[0]));
            return new Done(
                    outcome,
                    Optional.of(LogTail.encoded(
                            call.requestId(),
                            call.target().version(),
                            call.code().spec().limits().memMb(),
                            nanos,
                            printed)));
        }
    }

    /** @param sandbox gets the id of the sandbox, if it is known: not of calls whose sandbox ended */
    private Outcome outcome(Call call, Invocation invocation, String[] sandbox)
            throws AwsException, InterruptedException {
        String id = call.requestId();
        try {
            Answer answer = functions.invoke(call.target().lambda(), invocation);
            sandbox[0] = answer.sandbox();
            if (answer.reply().status() == 400) {
                // What Java takes for JSON, Python does not: it is nested too deeply, say.
                throw new AwsException(
                        Type.INVALID_REQUEST_CONTENT, new String(answer.reply().body(), StandardCharsets.UTF_8));
            }
            return Outcome.of(answer.reply(), id);
        } catch (RegistryException e) {
            throw refusal(call.name(), e);
        } catch (PackageException e) {
            return Outcome.notInstalled(e.getMessage(), id);
        } catch (SandboxException.TimedOut e) {
            return Outcome.timedOut(call.seconds(), id);
        } catch (SandboxException.OutOfMemory | SandboxException.Died e) {
            return Outcome.died(e, id);
        } catch (SandboxException.ImportFailed e) {
            return Outcome.notImported(e, call.module(), id);
        } catch (ReservedConcurrency.ReachedException e) {
            throw AwsException.throttled("ReservedFunctionConcurrentInvocationLimitExceeded", "Rate Exceeded.");
        } catch (OverloadException | SandboxException.NoCapacity e) {
            throw AwsException.throttled("ConcurrentInvocationLimitExceeded", "Rate exceeded: " + e.getMessage());
        } catch (SandboxException | IOException e) {
            throw new AwsException(Type.SERVICE, e.getMessage(), e);
        }
    }
}
