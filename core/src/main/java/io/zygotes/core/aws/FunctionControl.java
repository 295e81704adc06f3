package io.zygotes.core.aws;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.aws.AwsException.Type;
import io.zygotes.core.aws.FunctionRecord.Revision;
import io.zygotes.core.registry.LambdaCode;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Makes functions, changes them, shows them, removes them. Changes are made one by one. */
final class FunctionControl {

    /** {@code FunctionName} of {@code CreateFunction}, as far as the registry takes it. */
    private static final String NAME = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}";

    private final FunctionDirectory directory;
    private final FunctionRecords records;
    private final FunctionCode code;
    private final VersionControl versions;
    private final Arns arns;

    FunctionControl(
            FunctionDirectory directory,
            FunctionRecords records,
            FunctionCode code,
            VersionControl versions,
            Arns arns) {
        this.directory = directory;
        this.records = records;
        this.code = code;
        this.versions = versions;
        this.arns = arns;
    }

    /** {@code CreateFunction}. */
    AwsAnswer create(AwsRequest request) throws AwsException {
        Input input = Input.of(request);
        FunctionName named = FunctionName.parse(input.need("FunctionName"), Optional.empty());
        String name = named.name();
        if (!name.matches(NAME) || named.qualifier().isPresent()) {
            throw AwsException.parameter("FunctionName is '" + name + "'; it must be 1 to 64 letters, digits, '_' and"
                    + " '-', beginning with a letter or digit, without a qualifier");
        }
        Configuration wanted = Configuration.of(input);
        Configuration.refuseWhatIsNotHere(input, directory.architecture());
        Configuration.requireRuntime(input.need("Runtime"));
        input.need("Handler");
        input.need("Role");
        Input source = input.structure("Code");
        byte[] zip = zip(source);
        if (directory.exists(name)) {
            throw new AwsException(Type.RESOURCE_CONFLICT, "Function already exist: " + name);
        }
        // Where the archive brings settings, what the request does not say holds as it is there.
        LambdaCode made = code.install(name, zip, wanted.settings());
        Revision revision = new Revision(
                made.version(),
                made.version(),
                input.need("Role"),
                input.need("Runtime"),
                input.need("Handler"),
                wanted.description().orElse(""),
                sha256(zip),
                zip.length,
                Times.now(),
                UUID.randomUUID().toString());
        code.keep(name, records.of(name).withLatest(revision));
        return AwsAnswer.json(201, shown(name, input.flag("Publish")));
    }

    /** What a change of {@code $LATEST} answers. */
    private ObjectNode shown(String name, boolean publish) throws AwsException {
        return publish
                ? versions.publish(name, Optional.empty())
                : directory.configuration(name, FunctionName.LATEST, arns.of(name));
    }

    private static byte[] zip(Input source) throws AwsException {
        if (source.saysSomething("S3Bucket") || source.saysSomething("ImageUri")) {
            throw AwsException.parameter("Zygotes takes code as ZipFile only, not from S3, nor as an image");
        }
        byte[] zip = source.bytes("ZipFile")
                .orElseThrow(() -> AwsException.parameter("Please provide a source for function code: ZipFile"));
        if (zip.length == 0) {
            throw AwsException.parameter("Uploaded file must be a non-empty zip");
        }
        return zip;
    }

    private static String sha256(byte[] zip) {
        return Base64.getEncoder().encodeToString(Digests.sha256(zip));
    }

    /** {@code UpdateFunctionCode}. The settings stay as they are: they are no code. */
    AwsAnswer updateCode(AwsRequest request, String function) throws AwsException {
        String name = latest(function);
        Input input = Input.of(request);
        Configuration.refuseWhatIsNotHere(input, directory.architecture());
        byte[] zip = zip(input);
        Revision before = revision(name, input);
        if (input.flag("DryRun")) {
            return AwsAnswer.json(200, shown(name, false));
        }
        LambdaCode made = code.replace(name, zip);
        keep(
                name,
                new Revision(
                        made.version(),
                        made.version(),
                        before.role(),
                        before.runtime(),
                        before.handler(),
                        before.description(),
                        sha256(zip),
                        zip.length,
                        Times.now(),
                        UUID.randomUUID().toString()));
        return AwsAnswer.json(200, shown(name, input.flag("Publish")));
    }

    private void keep(String name, Revision revision) throws AwsException {
        code.keep(name, records.of(name).withLatest(revision));
    }

    /** {@code UpdateFunctionConfiguration}. */
    AwsAnswer updateConfiguration(AwsRequest request, String function) throws AwsException {
        String name = latest(function);
        Input input = Input.of(request);
        Configuration wanted = Configuration.of(input);
        Configuration.refuseWhatIsNotHere(input, directory.architecture());
        if (input.has("Runtime")) {
            Configuration.requireRuntime(input.need("Runtime"));
        }
        Revision before = revision(name, input);
        LambdaCode made = code.configure(name, wanted.settings());
        keep(
                name,
                new Revision(
                        made.version(),
                        made.version(),
                        input.text("Role").orElse(before.role()),
                        input.text("Runtime").orElse(before.runtime()),
                        input.text("Handler").orElse(before.handler()),
                        wanted.description().orElse(before.description()),
                        before.codeSha256(),
                        before.codeSize(),
                        Times.now(),
                        UUID.randomUUID().toString()));
        return AwsAnswer.json(200, shown(name, false));
    }

    /** What a function is now, however it was installed; refused if the request counts on another state. */
    private Revision revision(String name, Input input) throws AwsException {
        ObjectNode now = directory.configuration(name, FunctionName.LATEST, arns.of(name));
        versions.requireRevision(now, input);
        return new Revision(
                "",
                "",
                now.path("Role").asText(),
                now.path("Runtime").asText(),
                now.path("Handler").asText(),
                now.path("Description").asText(),
                now.path("CodeSha256").asText(),
                now.path("CodeSize").asLong(),
                "",
                "");
    }

    /** The name of a function of which {@code $LATEST} is changed. */
    private String latest(String function) throws AwsException {
        FunctionName name = FunctionName.parse(function, Optional.empty());
        if (!name.latest()) {
            throw AwsException.parameter("A version cannot be changed; name the function without '"
                    + name.qualifier().get() + "'");
        }
        directory.require(name.name());
        return name.name();
    }

    /** {@code GetFunctionConfiguration}. */
    AwsAnswer configuration(AwsRequest request, String function) throws AwsException {
        return AwsAnswer.json(200, versions.described(FunctionName.parse(function, request.parameter("Qualifier"))));
    }

    /**
     * {@code GetFunction}.
     *
     * @param location a URL of the code
     */
    AwsAnswer get(AwsRequest request, String function, CodeLocation location) throws AwsException {
        FunctionName name = FunctionName.parse(function, request.parameter("Qualifier"));
        ObjectNode answer = Json.object();
        answer.set("Configuration", versions.described(name));
        answer.putObject("Code").put("RepositoryType", "S3").put("Location", location.of(name));
        records.of(name.name())
                .reserved()
                .ifPresent(most -> answer.putObject("Concurrency").put("ReservedConcurrentExecutions", most));
        return AwsAnswer.json(200, answer);
    }

    /** Where the code of a function can be fetched. */
    interface CodeLocation {
        String of(FunctionName name) throws AwsException;
    }

    /** The code of a function, as {@link CodeLocation} names it; no operation of the service's. */
    AwsAnswer archive(AwsRequest request, String function) throws AwsException {
        FunctionName name = FunctionName.parse(function, request.parameter("Qualifier"));
        return code.archive(directory.code(versions.target(name).lambda(), arns.of(name)));
    }

    /** {@code ListFunctions}. */
    AwsAnswer list(AwsRequest request) throws AwsException {
        boolean all = request.parameter("FunctionVersion").equals(Optional.of("ALL"));
        List<FunctionName> names = new ArrayList<>();
        for (String name : directory.names()) {
            names.add(new FunctionName(name, Optional.of(FunctionName.LATEST)));
            if (all) {
                records.of(name)
                        .numbers()
                        .forEach(number -> names.add(new FunctionName(name, Optional.of(number.toString()))));
            }
        }
        Page<FunctionName> page = Page.of(names, request);
        ObjectNode answer = Json.object();
        ArrayNode functions = answer.putArray("Functions");
        for (FunctionName name : page.items()) {
            String version = name.qualifier().get();
            String arn = all ? arns.of(name) : arns.of(name.name());
            try {
                functions.add(directory.configuration(name.name(), version, arn));
            } catch (AwsException e) {
                if (e.type() != Type.NOT_FOUND) {
                    throw e;
                }
                // It was removed since the names were read.
            }
        }
        page.next().ifPresent(next -> answer.put("NextMarker", next));
        return AwsAnswer.json(200, answer);
    }

    /** {@code DeleteFunction}: a function with all its versions, or one version. */
    AwsAnswer delete(AwsRequest request, String function) throws AwsException {
        FunctionName name = FunctionName.parse(function, request.parameter("Qualifier"));
        directory.require(name.name());
        if (name.qualifier().isPresent()) {
            versions.delete(name);
            return AwsAnswer.empty(204);
        }
        for (Integer number : records.of(name.name()).numbers()) {
            code.remove(FunctionDirectory.lambdaOf(name.name(), number));
        }
        code.remove(name.name());
        code.forget(name.name());
        return AwsAnswer.empty(204);
    }
}
