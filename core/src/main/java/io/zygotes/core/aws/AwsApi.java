package io.zygotes.core.aws;

import io.zygotes.core.aws.AwsException.Type;
import io.zygotes.core.aws.Operation.Route;
import io.zygotes.core.function.ReservedConcurrency;
import io.zygotes.core.output.OutputTails;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.LambdaUploads;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/** What the worker answers to clients of AWS Lambda. Safe for use by many threads. */
public final class AwsApi implements AutoCloseable {

    /** What begins the names of headers by which a function is told of its call; no client may send them. */
    public static final String RUNTIME_HEADERS = "lambda-runtime-";

    private final Signatures signatures;
    private final EventQueue events;
    private final ControlPlane control;
    private final Invocations invocations;

    /**
     * @param access who may do what
     * @param folder for what is known of functions beside their lambdas; made when it is needed
     * @param registry the lambdas
     * @param uploads puts lambdas there
     * @param functions runs them
     * @param limits how many calls of each may run at once
     * @param events takes calls that nobody waits for
     * @param output what they print
     * @param runtime the worker's Python, as in {@code python3.11}; asked when a function is described
     */
    public AwsApi(
            AwsAccess access,
            Path folder,
            LambdaRegistry registry,
            LambdaUploads uploads,
            FunctionCalls functions,
            ReservedConcurrency limits,
            EventQueue events,
            OutputTails output,
            Supplier<String> runtime) {
        this.events = events;
        signatures = access.signatures(InstantSource.system());
        Arns arns = access.arns();
        control = new ControlPlane(folder, registry, uploads, limits, runtime, signatures, arns);
        invocations = new Invocations(registry, functions, control.qualifiers(), events, output, arns);
    }

    /**
     * Reads what was written down of functions; called once, before the first request.
     *
     * @throws IOException if it cannot be read
     */
    public void start() throws IOException {
        control.start();
    }

    /** Takes no calls any more that nobody waits for. Idempotent. */
    @Override
    public void close() {
        events.close();
    }

    /** Whether a path is one of this API, known or not. */
    public static boolean isPath(String path) {
        return Operation.isPath(path);
    }

    /** Whether a request runs a function, and so counts as a request for it. */
    public static boolean invokes(String method, String path) {
        return Operation.route(method, path)
                .map(route -> route.operation().invokes())
                .orElse(false);
    }

    /** Whom a request comes from. */
    public enum Sender {
        /** Somebody over HTTP, of whom nothing is known before the signature is looked at. */
        CLIENT,
        /** A lambda, which may call others where the worker lets it, and nothing else, whatever it has signed. */
        LAMBDA,
        /** The owner of the worker directory, who needs no signature. */
        OWNER
    }

    /**
     * Answers a request; errors, too, are answers.
     *
     * @throws InterruptedException if the calling thread is interrupted
     */
    public AwsAnswer answer(AwsRequest request, Sender sender) throws InterruptedException {
        String requestId = UUID.randomUUID().toString();
        AwsAnswer answer;
        try {
            answer = checked(request, sender, requestId);
        } catch (AwsException e) {
            answer = e.answer();
        }
        return answer.with("x-amzn-RequestId", requestId);
    }

    /** The answer to a request whose body is larger than the worker takes. */
    public static AwsAnswer tooLarge(String message) {
        return refused(new AwsException(Type.REQUEST_TOO_LARGE, message));
    }

    /** The answer to a request that the worker cannot take up at the moment. */
    public static AwsAnswer unavailable(String message) {
        return refused(new AwsException(Type.SERVICE, message));
    }

    private static AwsAnswer refused(AwsException refusal) {
        return refusal.answer().with("x-amzn-RequestId", UUID.randomUUID().toString());
    }

    private AwsAnswer checked(AwsRequest request, Sender sender, String requestId)
            throws AwsException, InterruptedException {
        String keyId = signatures.exist() && sender != Sender.OWNER ? signatures.verify(request) : "";
        Optional<Route> route = Operation.route(request.method(), request.path());
        boolean invokes = route.isPresent() && route.get().operation().invokes();
        if (!invokes) {
            requireAdministrator(sender);
        }
        if (route.isEmpty()) {
            throw new AwsException(
                    Type.UNKNOWN_OPERATION,
                    "Zygotes has no operation for " + request.method() + " " + request.path()
                            + "; docs/aws.md lists those that there are");
        }
        String function = route.get().parameters().isEmpty()
                ? ""
                : route.get().parameters().getFirst();
        return switch (route.get().operation()) {
            case INVOKE -> invocations.invoke(request, function, requestId);
            case INVOKE_STREAM -> invocations.stream(request, function, requestId);
            case INVOKE_ASYNC -> invocations.invokeAsync(request, function, requestId);
            default -> control.answer(request, route.get(), keyId);
        };
    }

    private void requireAdministrator(Sender sender) throws AwsException {
        if (sender == Sender.LAMBDA) {
            throw new AwsException(
                    Type.ACCESS_DENIED, "Functions may invoke functions of this worker, and nothing else");
        }
        if (sender == Sender.CLIENT && !signatures.exist()) {
            throw new AwsException(
                    Type.ACCESS_DENIED,
                    "This worker has no AWS credentials, so its AWS API invokes functions and does nothing else; put"
                            + " \"aws\": {\"credentials\": {\"ACCESS_KEY_ID\": \"SECRET\"}} into its config.json");
        }
    }

    /** Whether a path is that of a function's URL. */
    public static boolean isUrl(String path) {
        return path.startsWith(UrlControl.PATH);
    }

    /**
     * Which lambda a request to a function's URL is for, or why it is for none.
     *
     * @param lambda its name; empty if the request is refused
     * @param refusal the answer then
     */
    public record UrlTarget(Optional<String> lambda, Optional<AwsAnswer> refusal) {

        /** Checks for null. */
        public UrlTarget {
            Objects.requireNonNull(lambda);
            Objects.requireNonNull(refusal);
        }
    }

    /** Finds the lambda of a request to a function's URL. */
    public UrlTarget url(AwsRequest request) {
        try {
            return new UrlTarget(Optional.of(control.urls().lambda(request)), Optional.empty());
        } catch (AwsException e) {
            return new UrlTarget(Optional.empty(), Optional.of(refused(e)));
        }
    }
}
