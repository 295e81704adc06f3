package io.zygotes.core.registry;

import io.zygotes.core.registry.RegistryException.Kind;
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

    /** Whether a folder has a file that a lambda may begin with which says nothing. */
    static boolean isIn(Path content) {
        return isFile(content.resolve(FILE)) || isFile(content.resolve(LAMBDA_FILE));
    }

    /**
     * The environment of a lambda, with what handlers find there.
     *
     * @param content its files
     * @param own its environment as {@code ol.yaml} has it
     * @throws RegistryException if the file that it begins with is not there
     */
    static Map<String, String> environment(String lambda, Path content, Map<String, String> own, Limits limits)
            throws RegistryException, IOException {
        Map<String, String> all = new TreeMap<>(own);
        if (!own.containsKey(HANDLER)
                && !own.containsKey(ENTRY_FILE)
                && !isFile(content.resolve(FILE))
                && isFile(content.resolve(LAMBDA_FILE))) {
            all.put(HANDLER, LAMBDA_HANDLER);
        }
        require(lambda, content, all);
        if (all.containsKey(HANDLER)) {
            all.putIfAbsent("AWS_LAMBDA_FUNCTION_NAME", lambda);
            all.putIfAbsent("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
            all.putIfAbsent("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Integer.toString(limits.memMb()));
            all.putIfAbsent("AWS_REGION", "us-east-1");
            all.putIfAbsent("LAMBDA_TASK_ROOT", "/handler");
        }
        return all;
    }

    private static void require(String lambda, Path content, Map<String, String> environment)
            throws RegistryException, IOException {
        String handler = environment.get(HANDLER);
        if (handler != null) {
            int dot = handler.lastIndexOf('.');
            String module = handler.substring(0, Math.max(dot, 0)).replace('.', '/');
            if (module.isEmpty() || dot == handler.length() - 1) {
                throw new RegistryException(
                        Kind.BROKEN,
                        "lambda " + lambda + ": the handler '" + ErrorText.shortened(handler)
                                + "' must be a module and a function in it, such as " + LAMBDA_HANDLER);
            }
            requireOne(lambda, content, List.of(module + ".py", module + "/__init__.py"), "the handler " + handler);
            return;
        }
        String file = environment.get(ENTRY_FILE);
        if (file == null) {
            requireOne(lambda, content, List.of(FILE), "no handler and no OL_ENTRY_FILE in ol.yaml");
        } else if (!file.endsWith(".py")) {
            throw new RegistryException(
                    Kind.BROKEN,
                    "lambda " + lambda + ": OL_ENTRY_FILE is '" + ErrorText.shortened(file)
                            + "', it must be a file that ends in .py");
        } else {
            requireOne(lambda, content, List.of(file), "OL_ENTRY_FILE " + file);
        }
    }

    private static void requireOne(String lambda, Path content, List<String> files, String why)
            throws RegistryException, IOException {
        for (String file : files) {
            Path place = content.resolve(file).normalize();
            if (place.startsWith(content) && isFile(place)) {
                return;
            }
        }
        throw missing(lambda, content, files.getFirst(), why);
    }

    /** The error for a lambda that has not the file it begins with. */
    static RegistryException missing(String lambda, Path content, String file, String why) throws IOException {
        return new RegistryException(
                Kind.BROKEN,
                "lambda " + lambda + " has no file " + file + hint(content, file) + " (" + why + "). It begins with "
                        + FILE + ", which holds a function f(event) or an app, unless ol.yaml names another file or a"
                        + " handler");
    }

    private static String hint(Path content, String file) throws IOException {
        try (Stream<Path> entries = Files.list(content)) {
            return entries.filter(entry -> isFile(entry.resolve(file)))
                    .findFirst()
                    .map(entry -> " at its top; there is one in " + entry.getFileName() + "/")
                    .orElse("");
        }
    }

    private static boolean isFile(Path file) {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
    }
}
