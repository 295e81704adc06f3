package io.zygotes.core.aws;

import io.zygotes.core.aws.Operation.Route;
import io.zygotes.core.function.ReservedConcurrency;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.LambdaUploads;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.Supplier;

/** All operations that do not run functions, but are about them. One change at a time. */
final class ControlPlane {

    /** How long the URL of a function's code is valid, as with the service. */
    private static final Duration CODE_VALID = Duration.ofMinutes(10);

    private final FunctionRecords records;
    private final Signatures signatures;
    private final Arns arns;
    private final Qualifiers qualifiers;
    private final FunctionControl functions;
    private final VersionControl versions;
    private final AliasControl aliases;
    private final ConcurrencyControl concurrency;
    private final UrlControl urls;

    /** @param folder for what is known of functions beside their lambdas */
    ControlPlane(
            Path folder,
            LambdaRegistry registry,
            LambdaUploads uploads,
            ReservedConcurrency limits,
            Supplier<String> runtime,
            Signatures signatures,
            Arns arns) {
        this.signatures = signatures;
        this.arns = arns;
        records = new FunctionRecords(folder.resolve("functions"));
        qualifiers = new Qualifiers(records, arns, Math::random);
        FunctionDirectory directory = new FunctionDirectory(registry, records, arns, runtime);
        FunctionCode code = new FunctionCode(registry, uploads, records, folder.resolve("uploads"));
        versions = new VersionControl(directory, records, code, qualifiers, arns);
        functions = new FunctionControl(directory, records, code, versions, arns);
        aliases = new AliasControl(directory, records, code, versions, arns);
        concurrency = new ConcurrencyControl(directory, records, code, limits);
        urls = new UrlControl(directory, records, code, qualifiers, signatures, arns);
    }

    /** Reads what was written down. */
    void start() throws IOException {
        records.load();
        concurrency.begin();
    }

    Qualifiers qualifiers() {
        return qualifiers;
    }

    UrlControl urls() {
        return urls;
    }

    /** @param keyId the key by which the request is signed; empty if it needs none */
    AwsAnswer answer(AwsRequest request, Route route, String keyId) throws AwsException {
        if (request.method().equals("GET")) {
            return shown(request, route, keyId);
        }
        synchronized (this) {
            return changed(request, route);
        }
    }

    private AwsAnswer shown(AwsRequest request, Route route, String keyId) throws AwsException {
        String function = route.parameters().isEmpty() ? "" : route.parameters().getFirst();
        return switch (route.operation()) {
            case LIST -> functions.list(request);
            case GET -> functions.get(request, function, name -> location(request, name, keyId));
            case CODE -> functions.archive(request, function);
            case GET_CONFIGURATION -> functions.configuration(request, function);
            case LIST_VERSIONS -> versions.list(request, function);
            case LIST_ALIASES -> aliases.list(request, function);
            case GET_ALIAS -> aliases.get(function, route.parameters().getLast());
            case GET_CONCURRENCY -> concurrency.get(function);
            case GET_URL -> urls.get(request, function);
            case LIST_URLS -> urls.list(request, function);
            default -> throw new IllegalArgumentException(route.operation() + " shows nothing");
        };
    }

    private AwsAnswer changed(AwsRequest request, Route route) throws AwsException {
        String function = route.parameters().isEmpty() ? "" : route.parameters().getFirst();
        return switch (route.operation()) {
            case CREATE -> functions.create(request);
            case DELETE -> deleted(request, function);
            case UPDATE_CODE -> functions.updateCode(request, function);
            case UPDATE_CONFIGURATION -> functions.updateConfiguration(request, function);
            case PUBLISH_VERSION -> versions.publish(request, function);
            case CREATE_ALIAS -> aliases.create(request, function);
            case UPDATE_ALIAS ->
                aliases.update(request, function, route.parameters().getLast());
            case DELETE_ALIAS -> aliases.delete(function, route.parameters().getLast());
            case PUT_CONCURRENCY -> concurrency.put(request, function);
            case DELETE_CONCURRENCY -> concurrency.delete(function);
            case CREATE_URL -> urls.create(request, function);
            case UPDATE_URL -> urls.update(request, function);
            case DELETE_URL -> urls.delete(request, function);
            default -> throw new IllegalArgumentException(route.operation() + " changes nothing");
        };
    }

    private AwsAnswer deleted(AwsRequest request, String named) throws AwsException {
        AwsAnswer answer = functions.delete(request, named);
        FunctionName name = FunctionName.parse(named, request.parameter("Qualifier"));
        if (name.qualifier().isEmpty()) {
            concurrency.forget(name.name());
        }
        return answer;
    }

    private String location(AwsRequest request, FunctionName name, String keyId) throws AwsException {
        String host = request.header("host").orElse("localhost");
        String path = "/2015-03-31/functions/" + name.name() + "/code";
        String query = name.qualifier()
                .map(qualifier -> "Qualifier=" + CanonicalRequest.encoded(qualifier))
                .orElse("");
        String place = "http://" + host + path + (query.isEmpty() ? "" : "?" + query);
        if (keyId.isEmpty()) {
            return place; // the owner of the worker, who needs no signature
        }
        AwsRequest fetch = new AwsRequest("GET", path, query, Map.of("host", host), new byte[0]);
        return "http://" + host + path + "?" + signatures.presign(keyId, fetch, arns.region(), CODE_VALID);
    }
}
