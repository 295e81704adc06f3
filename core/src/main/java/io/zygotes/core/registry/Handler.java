package io.zygotes.core.registry;

import io.zygotes.spi.Limits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** The function that {@code handler} in an {@code ol.yaml} names, as AWS Lambda has it: {@code module.function}. */
final class Handler {

    /** Where a lambda's code lies in its sandbox. */
    private static final String ROOT = "/handler";

    private Handler() {}

    /**
     * The variables that AWS Lambda sets for a function. Those that the lambda sets itself count more, but for the
     * handler's name.
     *
     * @param lambda the lambda's name
     * @param handler the function
     * @param limits what a leaf may use
     * @param own the lambda's own variables
     */
    static Map<String, String> environment(String lambda, String handler, Limits limits, Map<String, String> own) {
        Map<String, String> all = new TreeMap<>(Map.of(
                "AWS_LAMBDA_FUNCTION_NAME",
                lambda,
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                Integer.toString(limits.memMb()),
                "AWS_LAMBDA_FUNCTION_VERSION",
                "$LATEST",
                "LAMBDA_TASK_ROOT",
                ROOT,
                "AWS_REGION",
                own.getOrDefault("AWS_DEFAULT_REGION", "us-east-1")));
        all.putAll(own);
        all.put("_HANDLER", handler);
        return all;
    }

    /**
     * Checks that its module is there.
     *
     * @param content the folder with the lambda's files
     * @param packages whether the lambda has packages, in which it may be
     * @throws IllegalArgumentException if it is not
     */
    static void check(String handler, Path content, boolean packages) {
        int dot = handler.lastIndexOf('.');
        String module = handler.substring(0, dot).replace('.', '/');
        Path file = content.resolve(module + ".py");
        Path folder = content.resolve(module).resolve("__init__.py");
        if (!packages && !Files.isRegularFile(file) && !Files.isRegularFile(folder)) {
            throw new IllegalArgumentException(LambdaSettings.FILE + ": handler is '" + handler
                    + "', but there is no file " + module + ".py with a function " + handler.substring(dot + 1));
        }
    }
}
