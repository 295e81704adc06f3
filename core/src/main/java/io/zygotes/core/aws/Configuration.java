package io.zygotes.core.aws;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a request says of a function, beside its code.
 *
 * @param settings what stands in {@code ol.yaml}
 * @param description for people
 */
record Configuration(FunctionSettings settings, Optional<String> description) {

    /** {@code MemorySize} of the service begins with 128; here a function may have less. */
    private static final int LEAST_MB = 1;

    private static final int MOST_MB = 32_768;
    private static final int MOST_SECONDS = 5400;
    private static final int LONGEST_DESCRIPTION = 256;
    private static final int LONGEST_HANDLER = 128;
    private static final int MOST_VARIABLES = 4096;

    /** What would change what a function does, and cannot be had here. */
    private static final List<String> NOT_HERE =
            List.of("Layers", "FileSystemConfigs", "ImageConfig", "CapacityProviderConfig", "DurableConfig");

    static Configuration of(Input input) throws AwsException {
        Optional<String> handler = input.text("Handler");
        if (handler.isPresent() && !handler.get().matches("[^\\s]{1," + LONGEST_HANDLER + "}")) {
            throw AwsException.parameter(
                    "Handler is '" + handler.get() + "'; it must be 1 to 128 characters without blanks");
        }
        if (handler.isPresent() && handler.get().indexOf('.') < 1) {
            throw AwsException.parameter(
                    "Bad handler '" + handler.get() + "': it must be MODULE.FUNCTION, as lambda_function.handler");
        }
        Optional<String> description = input.text("Description");
        if (description.isPresent() && description.get().length() > LONGEST_DESCRIPTION) {
            throw AwsException.parameter("Description is longer than " + LONGEST_DESCRIPTION + " characters");
        }
        Optional<Map<String, String>> variables =
                input.has("Environment") ? Optional.of(variables(input)) : Optional.empty();
        return new Configuration(
                new FunctionSettings(
                        handler,
                        variables,
                        input.number("MemorySize", LEAST_MB, MOST_MB),
                        input.number("Timeout", 1, MOST_SECONDS),
                        input.structure("EphemeralStorage").number("Size", 1, MOST_MB)),
                description);
    }

    private static Map<String, String> variables(Input input) throws AwsException {
        Map<String, String> variables =
                input.structure("Environment").texts("Variables").orElse(Map.of());
        int size = 0;
        for (Map.Entry<String, String> variable : variables.entrySet()) {
            if (FunctionDirectory.isReserved(variable.getKey())) {
                throw AwsException.parameter("Lambda was unable to configure your environment variables because the"
                        + " environment variables you have provided contains reserved keys that are currently not"
                        + " supported for modification. Reserved keys used in this request: " + variable.getKey());
            }
            size += variable.getKey().length() + variable.getValue().length();
        }
        if (size > MOST_VARIABLES) {
            throw AwsException.parameter("Lambda was unable to configure your environment variables because the"
                    + " environment variables you have provided exceeded the 4KB limit");
        }
        return variables;
    }

    static void requireRuntime(String runtime) throws AwsException {
        if (!runtime.matches("python3\\.[0-9]{1,2}")) {
            throw AwsException.parameter("Value " + runtime + " at 'runtime' failed to satisfy constraint: Zygotes"
                    + " runs Python 3 only (python3.9 and so on), with the interpreter of the worker");
        }
    }

    /** Refuses what a function cannot have here and would not be the same without. */
    static void refuseWhatIsNotHere(Input input, String architecture) throws AwsException {
        for (String member : NOT_HERE) {
            if (input.saysSomething(member)) {
                throw AwsException.parameter("Zygotes has no " + member + "; put what it holds into the archive");
            }
        }
        if (input.text("PackageType").filter(type -> !type.equals("Zip")).isPresent()) {
            throw AwsException.parameter("PackageType must be Zip");
        }
        if (input.structure("VpcConfig").saysSomething("SubnetIds")) {
            throw AwsException.parameter("Zygotes has no VpcConfig; 'network' in ol.yaml says what a function reaches");
        }
        if (input.listsOtherThan("Architectures", architecture)) {
            throw AwsException.parameter("Architectures must be [" + architecture + "], that of the worker");
        }
    }
}
