package io.zygotes.core.http;

import io.zygotes.core.aws.AwsApi;
import java.util.Map;
import java.util.function.Supplier;

/** What the worker answers to which path. Knows nothing of the HTTP server. Safe for use by many threads. */
public final class WorkerApi {

    private static final String RUN = "/run/";
    private static final String REGISTRY = "/registry";

    private final LambdaCalls calls;
    private final RegistryApi registry;
    private final AwsCalls aws;
    private final Supplier<Map<String, Number>> stats;
    private final Supplier<String> debug;
    private volatile boolean stopping;

    /**
     * @param calls answers what is asked of lambdas
     * @param registry answers what is asked of the registry
     * @param aws answers clients of AWS Lambda
     * @param stats numbers for {@code /stats}
     * @param debug text for {@code /debug}
     */
    public WorkerApi(
            LambdaCalls calls,
            RegistryApi registry,
            AwsCalls aws,
            Supplier<Map<String, Number>> stats,
            Supplier<String> debug) {
        this.calls = calls;
        this.registry = registry;
        this.aws = aws;
        this.stats = stats;
        this.debug = debug;
    }

    /** Refuses all further requests. */
    public void stop() {
        stopping = true;
    }

    /** The answer to a lambda that calls this worker. */
    static HttpAnswer refusal() {
        return HttpAnswer.error(
                403,
                "lambdas may not call this worker; \"allow_lambda_calls\": true in config.json lets them. If you are"
                        + " none, it could not be found out who you are: the worker's log has the reason",
                HttpAnswer.CLOSE);
    }

    HttpAnswer answer(HttpQuestion question) {
        return TextErrors.ifAsked(question, answerInJson(question));
    }

    private HttpAnswer answerInJson(HttpQuestion question) {
        if (stopping) {
            return FailureAnswers.stopping();
        }
        String path = question.path();
        if (path.startsWith(RUN)) {
            return calls.answer(question, path.substring(RUN.length()));
        }
        if (AwsApi.isPath(path)) {
            return aws.answer(question);
        }
        if (AwsApi.isUrl(path)) {
            return aws.toUrl(question);
        }
        return switch (path) {
            case "/status" -> toGet(question, () -> HttpAnswer.text("ready\n"));
            case "/stats" -> toGet(question, () -> HttpAnswer.json(stats.get()));
            case "/debug" -> toGet(question, () -> HttpAnswer.text(debug.get()));
            case REGISTRY -> registry.answer(question, "");
            default ->
                path.startsWith(REGISTRY + "/")
                        ? registry.answer(question, path.substring(REGISTRY.length()))
                        : nothingAt(path);
        };
    }

    private static HttpAnswer toGet(HttpQuestion question, Supplier<HttpAnswer> answer) {
        // The server leaves out the body of an answer to HEAD.
        return question.method().equals("GET") || question.method().equals("HEAD")
                ? answer.get()
                : HttpAnswer.error(405, question.path() + " takes GET and HEAD only", Map.of("Allow", "GET, HEAD"));
    }

    private static HttpAnswer nothingAt(String path) {
        return HttpAnswer.error(404, "there is nothing at " + path + "; lambdas are at /run/NAME", HttpAnswer.PLAIN);
    }
}
