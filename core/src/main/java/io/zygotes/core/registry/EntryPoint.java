package io.zygotes.core.registry;

import io.zygotes.spi.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Where the code of a lambda begins. The sandbox learns it from the lambda's environment, as OpenLambda's and AWS
 * Lambda's runtimes do: {@code OL_ENTRY_FILE} names the file, or {@code _HANDLER} module and function of a handler.
 * Which kind of function or application is in it is found when it is imported.
 */
final class EntryPoint {

    /** The file that a lambda begins with which says nothing. */
    static final String FILE = "f.py";
    /** Names module and function of a handler, as AWS Lambda does. */
    static final String HANDLER = "_HANDLER";

    private static final String ENTRY_FILE = "OL_ENTRY_FILE";
    /** What AWS Lambda's console begins a function with. */
    private static final String LAMBDA_FILE = "lambda_function.py", LAMBDA_HANDLER = "lambda_function.lambda_handler";

    private EntryPoint() {}

    /**
     * The environment of a lambda, with what handlers find there.
     *
     * @param lambda its name
     * @param content its files
     * @param own its own variables, which count more than those that handlers have anyway
     * @param limits what a leaf may use
     * @param packages whether it has packages, in which the module of a handler may be
     * @throws IllegalArgumentException if the file that it begins with is not there
     */
    static Map<String, String> environment(
            String lambda, Path content, Map<String, String> own, Limits limits, boolean packages) {
        Map<String, String> all = new TreeMap<>(own);
        if (!own.containsKey(HANDLER)
                && !own.containsKey(ENTRY_FILE)
                && !isFile(content.resolve(FILE))
                && isFile(content.resolve(LAMBDA_FILE))) {
            all.put(HANDLER, LAMBDA_HANDLER);
        }
        require(content, all, packages);
        if (all.containsKey(HANDLER)) {
            all.putIfAbsent("AWS_LAMBDA_FUNCTION_NAME", lambda);
            all.putIfAbsent("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
            all.putIfAbsent("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Integer.toString(limits.memMb()));
            all.putIfAbsent("AWS_REGION", own.getOrDefault("AWS_DEFAULT_REGION", "us-east-1"));
            all.putIfAbsent("LAMBDA_TASK_ROOT", "/handler");
        }
        return all;
    }

    private static void require(Path content, Map<String, String> environment, boolean packages) {
        String handler = environment.get(HANDLER);
        String file = environment.get(ENTRY_FILE);
        if (handler != null) {
            requireHandler(content, handler, packages);
        } else if (file == null) {
            requireOne(content, List.of(FILE), "it begins with that, unless ol.yaml names another one or a handler");
        } else if (!file.endsWith(".py")) {
            throw new IllegalArgumentException(
                    "OL_ENTRY_FILE is '" + ErrorText.shortened(file) + "', it must be a file that ends in .py");
        } else {
            requireOne(content, List.of(file), "OL_ENTRY_FILE names it");
        }
    }

    private static void requireHandler(Path content, String handler, boolean packages) {
        int dot = handler.lastIndexOf('.');
        String module = handler.substring(0, Math.max(dot, 0)).replace('.', '/');
        if (module.isEmpty() || dot == handler.length() - 1) {
            throw new IllegalArgumentException("the handler '" + ErrorText.shortened(handler)
                    + "' must be a module and a function in it, such as " + LAMBDA_HANDLER);
        }
        if (!packages) {
            requireOne(
                    content,
                    List.of(module + ".py", module + "/__init__.py"),
                    "handler is '" + ErrorText.shortened(handler) + "'");
        }
    }

    private static void requireOne(Path content, List<String> files, String why) {
        for (String file : files) {
            Path place = content.resolve(file).normalize();
            if (place.startsWith(content) && isFile(place)) {
                return;
            }
        }
        throw new IllegalArgumentException(
                "it has no file " + files.getFirst() + hint(content, files.getFirst()) + ": " + why);
    }

    private static String hint(Path content, String file) {
        try (Stream<Path> entries = Files.list(content)) {
            return entries.filter(entry -> isFile(entry.resolve(file)))
                    .findFirst()
                    .map(entry -> " at its top (there is one in " + entry.getFileName() + "/)")
                    .orElse("");
        } catch (IOException e) {
            return "";
        }
    }

    private static boolean isFile(Path file) {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
    }
}
