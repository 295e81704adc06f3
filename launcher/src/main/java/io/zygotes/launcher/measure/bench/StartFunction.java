package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.demo.Pins;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;

/**
 * An ordinary function whose first call is measured. Its {@code f.py} does a little of what its packages are for, and
 * returns its event. It is a resource in a folder of its name, as is its {@code requirements.txt}, if the demo has none
 * for it; the versions there have wheels for Python 3.9 to 3.14 where there are any.
 *
 * @param name its name
 * @param packages what its node of the tree has: what it asks for, without what that needs
 */
record StartFunction(String name, List<String> packages) {

    private static final String FOLDER = "start/";
    /** What is called before its zygote is forked: with a function zygote, module code and first work are done then. */
    private static final String FUNCTION_ZYGOTE = "zygote: {event: " + BenchWorker.EVENT + "}\n";

    /** All of them. */
    static final List<StartFunction> ALL = List.of(
            new StartFunction("standard", List.of()),
            of("jinja2"),
            of("pillow"),
            of("boto3"),
            of("requests"),
            of("flask"),
            of("pandas"),
            of("scikit-learn"),
            of("pydantic"),
            of("sqlalchemy"),
            of("cryptography"),
            new StartFunction("beautifulsoup4", List.of("beautifulsoup4", "lxml")),
            of("matplotlib"),
            of("aiohttp"),
            of("networkx"));

    private static StartFunction of(String packageName) {
        return new StartFunction(packageName, List.of(packageName));
    }

    /** A tree in which each of these functions has a node with exactly its packages. */
    static String tree(List<StartFunction> functions) {
        return functions.stream()
                .filter(function -> !function.packages().isEmpty())
                .map(function -> function.packages().stream()
                        .map(each -> '"' + each + '"')
                        .collect(Collectors.joining(", ", "{\"packages\": [", "]}")))
                .collect(Collectors.joining(",\n  ", "{\"packages\": [], \"children\": [\n  ", "]}\n"));
    }

    /** Name of one of the lambdas with this code. */
    String lambda(String number) {
        return name + "-" + number;
    }

    /** Puts one of its lambdas into the registry. */
    void install(Workbench bench, String number) throws IOException, ConfigException, Failure {
        bench.install(lambda(number), code(), requirements(), "");
    }

    /** The same for one that is forked after its import. */
    void installWithZygote(Workbench bench, String number) throws IOException, ConfigException, Failure {
        bench.install(lambda(number), code(), requirements(), FUNCTION_ZYGOTE);
    }

    String code() throws IOException {
        return resource("f.py");
    }

    String requirements() throws IOException {
        if (packages.isEmpty()) {
            return "";
        }
        String own = resource("requirements.txt");
        return own.isEmpty() ? Pins.of(name) : own;
    }

    /** Empty if there is none. */
    private String resource(String file) throws IOException {
        try (InputStream content = StartFunction.class.getResourceAsStream(FOLDER + name + "/" + file)) {
            return content == null ? "" : new String(content.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
