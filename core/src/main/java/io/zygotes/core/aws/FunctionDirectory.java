package io.zygotes.core.aws;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.aws.AwsException.Type;
import io.zygotes.core.aws.FunctionRecord.Revision;
import io.zygotes.core.files.StorageException;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.spi.LeafSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What functions there are, and what they look like to clients: every lambda of the registry is one, but those that are
 * a version of another one. Safe for use by many threads.
 */
final class FunctionDirectory {

    /** The lambda of a version: no function that is made by this API has a dot in its name. */
    private static final Pattern VERSION = Pattern.compile("(?<function>.+)\\.v(?<number>[1-9][0-9]{0,8})");
    /** Variables that clients cannot set, and that are not theirs. */
    private static final Pattern RESERVED = Pattern.compile("_HANDLER|_X_AMZN_.*|AWS_.*|LAMBDA_.*|OL_.*");

    private static final String ANY_ROLE = "arn:aws:iam::000000000000:role/zygotes";

    private final LambdaRegistry registry;
    private final FunctionRecords records;
    private final Arns arns;
    private final Supplier<String> runtime;
    private final String architecture;

    /** @param runtime the worker's Python, as in {@code python3.11}; asked when a function is described */
    FunctionDirectory(LambdaRegistry registry, FunctionRecords records, Arns arns, Supplier<String> runtime) {
        this.registry = registry;
        this.records = records;
        this.arns = arns;
        this.runtime = runtime;
        this.architecture = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "x86_64";
    }

    static String lambdaOf(String function, int version) {
        return function + ".v" + version;
    }

    /** Whether a client cannot set a variable. */
    static boolean isReserved(String variable) {
        return RESERVED.matcher(variable).matches();
    }

    String architecture() {
        return architecture;
    }

    /**
     * The names of all functions, sorted.
     *
     * @throws AwsException if the registry cannot be read
     */
    List<String> names() throws AwsException {
        List<String> names = new ArrayList<>();
        try {
            for (String lambda : registry.store().names()) {
                Matcher version = VERSION.matcher(lambda);
                boolean published = version.matches()
                        && records.of(version.group("function"))
                                .versions()
                                .containsKey(Integer.valueOf(version.group("number")));
                if (!published) {
                    names.add(lambda);
                }
            }
        } catch (IOException e) {
            throw new AwsException(Type.SERVICE, e.getMessage(), e);
        }
        return names;
    }

    /**
     * A lambda's code.
     *
     * @param arn what the request names, for the error if there is none
     * @throws AwsException if there is none, or it cannot be used
     */
    LambdaCode code(String lambda, String arn) throws AwsException {
        try {
            return registry.lookupNow(lambda);
        } catch (RegistryException e) {
            throw switch (e.kind()) {
                case UNKNOWN, BAD_NAME -> AwsException.noFunction(arn);
                case BROKEN -> new AwsException(Type.RESOURCE_CONFLICT, e.getMessage(), e);
            };
        } catch (StorageException e) {
            throw new AwsException(Type.SERVICE, e.getMessage(), e);
        }
    }

    /** Whether the registry has a lambda of that name, whole or broken. */
    boolean exists(String lambda) throws AwsException {
        try {
            return registry.store().names().contains(lambda);
        } catch (IOException e) {
            throw new AwsException(Type.SERVICE, e.getMessage(), e);
        }
    }

    /** @throws AwsException if there is no such function */
    void require(String function) throws AwsException {
        if (!exists(function)) {
            throw AwsException.noFunction(arns.of(function));
        }
    }

    /**
     * {@code FunctionConfiguration} of a function or of one of its versions.
     *
     * @param version a number, or {@code $LATEST}
     * @param arn the one that it shows
     * @throws AwsException if there is none
     */
    ObjectNode configuration(String function, String version, String arn) throws AwsException {
        FunctionRecord record = records.of(function);
        boolean latest = version.equals(FunctionName.LATEST);
        String lambda = latest ? function : lambdaOf(function, Integer.parseInt(version));
        Optional<Revision> known =
                latest ? record.latest() : Optional.of(record.versions().get(Integer.valueOf(version)));
        ObjectNode node = Json.object();
        node.put("FunctionName", function).put("FunctionArn", arn).put("Version", version);
        try {
            LambdaCode code = registry.lookup(lambda);
            Revision revision =
                    known.filter(one -> one.code().equals(code.version())).orElseGet(() -> derived(known, code));
            describe(node, revision, code.spec());
            node.put("State", "Active").put("LastUpdateStatus", "Successful");
        } catch (RegistryException e) {
            if (e.kind() != RegistryException.Kind.BROKEN) {
                throw AwsException.noFunction(arn);
            }
            node.put("State", "Failed").put("StateReasonCode", "InvalidConfiguration");
            node.put("StateReason", e.getMessage()).put("LastUpdateStatus", "Failed");
        } catch (StorageException e) {
            throw new AwsException(Type.SERVICE, e.getMessage(), e);
        }
        return node;
    }

    /** What is shown of a lambda that was installed, or changed, otherwise. */
    private Revision derived(Optional<Revision> before, LambdaCode code) {
        return new Revision(
                code.version(),
                code.version(),
                before.map(Revision::role).orElse(ANY_ROLE),
                runtime.get(),
                "f.f",
                before.map(Revision::description).orElse(""),
                Base64.getEncoder().encodeToString(Digests.sha256(code.version().getBytes(StandardCharsets.UTF_8))),
                0,
                Times.text(modified(code)),
                code.version());
    }

    /** When a version was unpacked, in ms since 1970. */
    private static long modified(LambdaCode code) {
        try {
            return Files.getLastModifiedTime(code.spec().handler()).toMillis();
        } catch (IOException e) {
            return 0; // it is being replaced, and the next look shows another one
        }
    }

    private void describe(ObjectNode node, Revision revision, LeafSpec spec) {
        node.put("Runtime", revision.runtime()).put("Role", revision.role());
        node.put("Handler", spec.environment().getOrDefault("_HANDLER", revision.handler()));
        node.put("CodeSize", revision.codeSize()).put("CodeSha256", revision.codeSha256());
        node.put("Description", revision.description());
        node.put("Timeout", spec.limits().runtimeSec());
        node.put("MemorySize", spec.limits().memMb());
        node.put("LastModified", revision.modified()).put("RevisionId", revision.id());
        node.put("PackageType", "Zip");
        node.putArray("Architectures").add(architecture);
        node.putObject("EphemeralStorage").put("Size", spec.limits().tmpMb());
        node.putObject("TracingConfig").put("Mode", "PassThrough");
        node.putObject("SnapStart").put("ApplyOn", "None").put("OptimizationStatus", "Off");
        Map<String, String> variables = new TreeMap<>(spec.environment());
        variables.keySet().removeIf(FunctionDirectory::isReserved);
        if (!variables.isEmpty()) {
            ObjectNode shown = node.putObject("Environment").putObject("Variables");
            variables.forEach(shown::put);
        }
    }
}
