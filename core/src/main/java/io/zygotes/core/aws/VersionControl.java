package io.zygotes.core.aws;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.aws.AwsException.Type;
import io.zygotes.core.aws.FunctionRecord.Revision;
import io.zygotes.core.aws.Qualifiers.Target;
import io.zygotes.core.registry.LambdaCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Versions of functions: each is a lambda of its own, {@code NAME.v3}, that nothing changes any more. */
final class VersionControl {

    private final FunctionDirectory directory;
    private final FunctionRecords records;
    private final FunctionCode code;
    private final Qualifiers qualifiers;
    private final Arns arns;

    VersionControl(
            FunctionDirectory directory, FunctionRecords records, FunctionCode code, Qualifiers qualifiers, Arns arns) {
        this.directory = directory;
        this.records = records;
        this.code = code;
        this.qualifiers = qualifiers;
        this.arns = arns;
    }

    /** What serves a function as it is named. */
    Target target(FunctionName name) throws AwsException {
        return qualifiers.target(name);
    }

    /** {@code FunctionConfiguration} of a function as it is named. */
    ObjectNode described(FunctionName name) throws AwsException {
        directory.require(name.name());
        return directory.configuration(name.name(), target(name).version(), arns.of(name));
    }

    /** Refuses a request that counts on another state than there is. */
    void requireRevision(ObjectNode now, Input input) throws AwsException {
        Optional<String> expected = input.text("RevisionId");
        if (expected.isPresent()
                && !expected.get().equals(now.path("RevisionId").asText())) {
            throw new AwsException(
                    Type.PRECONDITION_FAILED,
                    "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to"
                            + " retrieve the latest RevisionId");
        }
    }

    /** {@code PublishVersion}. */
    AwsAnswer publish(AwsRequest request, String function) throws AwsException {
        FunctionName name = FunctionName.parse(function, Optional.empty());
        directory.require(name.name());
        return AwsAnswer.json(201, publish(name.name(), Optional.of(Input.of(request))));
    }

    /**
     * Publishes what a function is now; if that was published last, it is not once more.
     *
     * @param input what the request says of it; empty if it is one that makes or changes the function
     * @return the version's configuration
     */
    ObjectNode publish(String name, Optional<Input> input) throws AwsException {
        ObjectNode now = directory.configuration(name, FunctionName.LATEST, arns.of(name));
        Optional<String> description = Optional.empty();
        if (input.isPresent()) {
            requireRevision(now, input.get());
            Optional<String> sha256 = input.get().text("CodeSha256");
            if (sha256.isPresent()
                    && !sha256.get().equals(now.path("CodeSha256").asText())) {
                throw AwsException.parameter("CodeSHA256 (" + sha256.get() + ") is different from current CodeSHA256 in"
                        + " $LATEST (" + now.path("CodeSha256").asText() + "). Please try again with the CodeSHA256 in"
                        + " $LATEST.");
            }
            description = input.get().text("Description");
        }
        String source = directory.code(name, arns.of(name)).version();
        FunctionRecord record = records.of(name);
        Revision last = record.versions().get(record.lastVersion());
        if (last == null || !last.source().equals(source)) {
            record = published(name, source, now, description);
        }
        String version = Integer.toString(record.lastVersion());
        return directory.configuration(name, version, arns.of(name, version));
    }

    private FunctionRecord published(String name, String source, ObjectNode now, Optional<String> description)
            throws AwsException {
        FunctionRecord record = records.of(name);
        int number = record.lastVersion() + 1;
        String lambda = FunctionDirectory.lambdaOf(name, number);
        if (directory.exists(lambda)) {
            throw new AwsException(
                    Type.RESOURCE_CONFLICT,
                    "version " + number + " would be the lambda " + lambda + ", and there is one of that name");
        }
        LambdaCode copy = code.copy(
                name,
                lambda,
                Map.of("AWS_LAMBDA_FUNCTION_NAME", name, "AWS_LAMBDA_FUNCTION_VERSION", Integer.toString(number)));
        FunctionRecord with = record.withVersion(
                number,
                new Revision(
                        copy.version(),
                        source,
                        now.path("Role").asText(),
                        now.path("Runtime").asText(),
                        now.path("Handler").asText(),
                        description.orElse(now.path("Description").asText()),
                        now.path("CodeSha256").asText(),
                        now.path("CodeSize").asLong(),
                        Times.now(),
                        UUID.randomUUID().toString()));
        code.keep(name, with);
        return with;
    }

    /** {@code ListVersionsByFunction}. */
    AwsAnswer list(AwsRequest request, String function) throws AwsException {
        String name = FunctionName.parse(function, Optional.empty()).name();
        directory.require(name);
        List<String> all = new ArrayList<>(List.of(FunctionName.LATEST));
        records.of(name).numbers().forEach(number -> all.add(number.toString()));
        Page<String> page = Page.of(all, request);
        ObjectNode answer = Json.object();
        ArrayNode versions = answer.putArray("Versions");
        for (String version : page.items()) {
            versions.add(directory.configuration(name, version, arns.of(name, version)));
        }
        page.next().ifPresent(next -> answer.put("NextMarker", next));
        return AwsAnswer.json(200, answer);
    }

    /** Deletes one version. */
    void delete(FunctionName name) throws AwsException {
        String version = name.qualifier().orElseThrow();
        if (version.equals(FunctionName.LATEST)) {
            throw AwsException.parameter("$LATEST version cannot be deleted without deleting the function.");
        }
        if (!Qualifiers.isNumber(version)) {
            throw AwsException.parameter("An alias is deleted by DeleteAlias; DeleteFunction takes versions only");
        }
        FunctionRecord record = records.of(name.name());
        int number = Integer.parseInt(version);
        if (!record.versions().containsKey(number)) {
            throw AwsException.noFunction(arns.of(name));
        }
        List<String> pointing = record.aliases().entrySet().stream()
                .filter(alias -> alias.getValue().version().equals(version)
                        || alias.getValue().weights().containsKey(version))
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
        if (!pointing.isEmpty()) {
            throw new AwsException(
                    Type.RESOURCE_CONFLICT,
                    "Unable to delete version because the following aliases reference it: " + pointing);
        }
        code.remove(FunctionDirectory.lambdaOf(name.name(), number));
        code.keep(name.name(), record.withoutVersion(number));
    }
}
