package io.zygotes.core.aws;

import io.zygotes.core.aws.AwsException.Type;
import io.zygotes.core.aws.Operation.Route;
import io.zygotes.core.output.OutputTails;
import io.zygotes.core.registry.LambdaRegistry;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;

/** What the worker answers to clients of AWS Lambda. Safe for use by many threads. */
public final class AwsApi {

    /** What begins the names of headers by which a function is told of its call; no client may send them. */
    public static final String RUNTIME_HEADERS = "lambda-runtime-";

    private final Signatures signatures;
    private final Invocations invocations;

    /**
     * @param access who may do what
     * @param registry the lambdas
     * @param functions runs them
     * @param events takes calls that nobody waits for
     * @param output what they print
     */
    public AwsApi(
            AwsAccess access, LambdaRegistry registry, FunctionCalls functions, EventQueue events, OutputTails output) {
        signatures = access.signatures(InstantSource.system());
        Arns arns = access.arns();
        invocations = new Invocations(registry, functions, new Qualifiers(arns), events, output, arns);
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

    /**
     * Answers a request; errors, too, are answers.
     *
     * @throws InterruptedException if the calling thread is interrupted
     */
    public AwsAnswer answer(AwsRequest request) throws InterruptedException {
        String requestId = UUID.randomUUID().toString();
        AwsAnswer answer;
        try {
            answer = checked(request, requestId);
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

    private AwsAnswer checked(AwsRequest request, String requestId) throws AwsException, InterruptedException {
        if (signatures.exist()) {
            signatures.verify(request);
        }
        Optional<Route> route = Operation.route(request.method(), request.path());
        boolean invokes = route.isPresent() && route.get().operation().invokes();
        if (!signatures.exist() && !invokes) {
            throw new AwsException(
                    Type.ACCESS_DENIED,
                    "This worker has no AWS credentials, so its AWS API invokes functions and does nothing else; put"
                            + " \"aws\": {\"credentials\": {\"ACCESS_KEY_ID\": \"SECRET\"}} into its config.json");
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
            case INVOKE_ASYNC -> invocations.invokeAsync(request, function, requestId);
        };
    }
}
