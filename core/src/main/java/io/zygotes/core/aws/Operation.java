package io.zygotes.core.aws;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** What the AWS API can do, each with its method and its path. A part in braces is a parameter. */
enum Operation {
    INVOKE("POST", "/2015-03-31/functions/{}/invocations"),
    INVOKE_STREAM("POST", "/2021-11-15/functions/{}/response-streaming-invocations"),
    INVOKE_ASYNC("POST", "/2014-11-13/functions/{}/invoke-async"),
    CREATE("POST", "/2015-03-31/functions"),
    LIST("GET", "/2015-03-31/functions"),
    GET("GET", "/2015-03-31/functions/{}"),
    DELETE("DELETE", "/2015-03-31/functions/{}"),
    UPDATE_CODE("PUT", "/2015-03-31/functions/{}/code"),
    /** Ours: what {@code Location} of {@link #GET} names. */
    CODE("GET", "/2015-03-31/functions/{}/code"),
    GET_CONFIGURATION("GET", "/2015-03-31/functions/{}/configuration"),
    UPDATE_CONFIGURATION("PUT", "/2015-03-31/functions/{}/configuration"),
    PUBLISH_VERSION("POST", "/2015-03-31/functions/{}/versions"),
    LIST_VERSIONS("GET", "/2015-03-31/functions/{}/versions"),
    CREATE_ALIAS("POST", "/2015-03-31/functions/{}/aliases"),
    LIST_ALIASES("GET", "/2015-03-31/functions/{}/aliases"),
    GET_ALIAS("GET", "/2015-03-31/functions/{}/aliases/{}"),
    UPDATE_ALIAS("PUT", "/2015-03-31/functions/{}/aliases/{}"),
    DELETE_ALIAS("DELETE", "/2015-03-31/functions/{}/aliases/{}"),
    PUT_CONCURRENCY("PUT", "/2017-10-31/functions/{}/concurrency"),
    GET_CONCURRENCY("GET", "/2019-09-30/functions/{}/concurrency"),
    DELETE_CONCURRENCY("DELETE", "/2017-10-31/functions/{}/concurrency"),
    CREATE_URL("POST", "/2021-10-31/functions/{}/url"),
    GET_URL("GET", "/2021-10-31/functions/{}/url"),
    UPDATE_URL("PUT", "/2021-10-31/functions/{}/url"),
    DELETE_URL("DELETE", "/2021-10-31/functions/{}/url"),
    LIST_URLS("GET", "/2021-10-31/functions/{}/urls");

    private static final Pattern PATH = Pattern.compile("/20\\d\\d-\\d\\d-\\d\\d(/.*)?");

    private final String method;
    private final List<String> parts;

    Operation(String method, String path) {
        this.method = method;
        this.parts = List.of(path.split("/"));
    }

    /**
     * What a request asks for.
     *
     * @param operation what to do
     * @param parameters of the path, decoded
     */
    record Route(Operation operation, List<String> parameters) {

        Route {
            parameters = List.copyOf(parameters);
        }
    }

    /** Whether a path is one of the AWS API, known or not: they begin with a date. */
    static boolean isPath(String path) {
        return PATH.matcher(path).matches();
    }

    /** What a request asks for; empty if that is nothing which is known here. */
    static Optional<Route> route(String method, String path) {
        // Without empty parts at the end: some clients end paths with a slash.
        List<String> parts = List.of(path.split("/"));
        for (Operation operation : values()) {
            if (operation.method.equals(method) && operation.parts.size() == parts.size()) {
                Optional<List<String>> parameters = operation.match(parts);
                if (parameters.isPresent()) {
                    return Optional.of(new Route(operation, parameters.get()));
                }
            }
        }
        return Optional.empty();
    }

    private Optional<List<String>> match(List<String> path) {
        List<String> parameters = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            if (parts.get(i).equals("{}")) {
                parameters.add(AwsRequest.decoded(path.get(i)));
            } else if (!parts.get(i).equals(path.get(i))) {
                return Optional.empty();
            }
        }
        return Optional.of(parameters);
    }

    /** Whether it runs a function, as {@code /run/} does. */
    boolean invokes() {
        return this == INVOKE || this == INVOKE_STREAM || this == INVOKE_ASYNC;
    }
}
