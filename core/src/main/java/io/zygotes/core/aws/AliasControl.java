package io.zygotes.core.aws;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.aws.AwsException.Type;
import io.zygotes.core.aws.FunctionRecord.Alias;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/** Names for versions of functions. */
final class AliasControl {

    private final FunctionDirectory directory;
    private final FunctionRecords records;
    private final FunctionCode code;
    private final VersionControl versions;
    private final Arns arns;

    AliasControl(
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

    private String function(String function) throws AwsException {
        String name = FunctionName.parse(function, Optional.empty()).name();
        directory.require(name);
        return name;
    }

    private Alias alias(String function, String name) throws AwsException {
        Alias alias = records.of(function).aliases().get(name);
        if (alias == null) {
            throw new AwsException(Type.NOT_FOUND, "Alias not found: " + arns.of(function, name));
        }
        return alias;
    }

    /** {@code CreateAlias}. */
    AwsAnswer create(AwsRequest request, String named) throws AwsException {
        String function = function(named);
        Input input = Input.of(request);
        String name = input.need("Name");
        if (!name.matches("[a-zA-Z0-9_-]{1,128}") || name.matches("[0-9]+")) {
            throw AwsException.parameter(
                    "Name is '" + name + "'; it must be 1 to 128 letters, digits, '_' and '-', and not digits alone");
        }
        if (records.of(function).aliases().containsKey(name)) {
            throw new AwsException(Type.RESOURCE_CONFLICT, "Alias already exists: " + arns.of(function, name));
        }
        Alias alias = new Alias(
                input.need("FunctionVersion"),
                input.text("Description").orElse(""),
                weights(input),
                UUID.randomUUID().toString());
        return kept(201, function, name, alias);
    }

    /** {@code UpdateAlias}. */
    AwsAnswer update(AwsRequest request, String named, String name) throws AwsException {
        String function = function(named);
        Alias before = alias(function, name);
        Input input = Input.of(request);
        versions.requireRevision(described(function, name, before), input);
        Alias alias = new Alias(
                input.text("FunctionVersion").orElse(before.version()),
                input.text("Description").orElse(before.description()),
                input.has("RoutingConfig") ? weights(input) : before.weights(),
                UUID.randomUUID().toString());
        return kept(200, function, name, alias);
    }

    private static Map<String, Double> weights(Input input) throws AwsException {
        return input.structure("RoutingConfig").weights("AdditionalVersionWeights");
    }

    private AwsAnswer kept(int status, String function, String name, Alias alias) throws AwsException {
        requireVersion(function, alias.version());
        if (alias.weights().size() > 1) {
            throw AwsException.parameter("Number of items in AdditionalVersionWeights cannot be greater than 1");
        }
        if (!alias.weights().isEmpty() && alias.version().equals(FunctionName.LATEST)) {
            throw AwsException.parameter("$LATEST is not supported for an alias pointing to more than 1 version");
        }
        for (String version : alias.weights().keySet()) {
            if (!Qualifiers.isNumber(version)) {
                throw AwsException.parameter("'" + version + "' in AdditionalVersionWeights is no version");
            }
            requireVersion(function, version);
        }
        code.keep(function, records.of(function).withAlias(name, Optional.of(alias)));
        return AwsAnswer.json(status, described(function, name, alias));
    }

    private void requireVersion(String function, String version) throws AwsException {
        boolean there = version.equals(FunctionName.LATEST)
                || Qualifiers.isNumber(version)
                        && records.of(function).versions().containsKey(Integer.valueOf(version));
        if (!there) {
            throw AwsException.noFunction(arns.of(function, version));
        }
    }

    private ObjectNode described(String function, String name, Alias alias) {
        ObjectNode node = Json.object();
        node.put("AliasArn", arns.of(function, name)).put("Name", name);
        node.put("FunctionVersion", alias.version()).put("Description", alias.description());
        if (!alias.weights().isEmpty()) {
            ObjectNode weights = node.putObject("RoutingConfig").putObject("AdditionalVersionWeights");
            alias.weights().forEach(weights::put);
        }
        return node.put("RevisionId", alias.id());
    }

    /** {@code GetAlias}. */
    AwsAnswer get(String named, String name) throws AwsException {
        String function = function(named);
        return AwsAnswer.json(200, described(function, name, alias(function, name)));
    }

    /** {@code ListAliases}. */
    AwsAnswer list(AwsRequest request, String named) throws AwsException {
        String function = function(named);
        Optional<String> version = request.parameter("FunctionVersion");
        Map<String, Alias> all = new TreeMap<>(records.of(function).aliases());
        all.values().removeIf(alias -> version.isPresent() && !version.get().equals(alias.version()));
        Page<String> page = Page.of(List.copyOf(all.keySet()), request);
        ObjectNode answer = Json.object();
        ArrayNode aliases = answer.putArray("Aliases");
        page.items().forEach(name -> aliases.add(described(function, name, all.get(name))));
        page.next().ifPresent(next -> answer.put("NextMarker", next));
        return AwsAnswer.json(200, answer);
    }

    /** {@code DeleteAlias}; one that is not there is deleted, too, as with the service. */
    AwsAnswer delete(String named, String name) throws AwsException {
        String function = function(named);
        FunctionRecord record = records.of(function);
        if (record.aliases().containsKey(name)) {
            code.keep(function, record.withAlias(name, Optional.empty()));
        }
        return AwsAnswer.empty(204);
    }
}
