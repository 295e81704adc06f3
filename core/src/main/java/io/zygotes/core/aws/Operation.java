package io.zygotes.core.aws;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** What the AWS API can do, each with its method and its path. A part in braces is a parameter. */
enum Operation {
    INVOKE("POST", "/2015-03-31/functions/{}/invocations"),
    INVOKE_ASYNC("POST", "/2014-11-13/functions/{}/invoke-async");

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
        return switch (this) {
            case INVOKE, INVOKE_ASYNC -> true;
        };
    }
}
