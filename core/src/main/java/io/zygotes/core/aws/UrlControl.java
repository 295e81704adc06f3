package io.zygotes.core.aws;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.aws.AwsException.Type;
import io.zygotes.core.aws.FunctionRecord.Url;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** URLs of functions: {@code /lambda-url/NAME/} or {@code /lambda-url/NAME:ALIAS/} on the worker's own port. */
final class UrlControl {

    /** What they begin with. */
    static final String PATH = "/lambda-url/";

    private static final List<String> AUTH_TYPES = List.of("NONE", "AWS_IAM");
    private static final List<String> INVOKE_MODES = List.of("BUFFERED", "RESPONSE_STREAM");

    private final FunctionDirectory directory;
    private final FunctionRecords records;
    private final FunctionCode code;
    private final Qualifiers qualifiers;
    private final Signatures signatures;
    private final Arns arns;

    UrlControl(
            FunctionDirectory directory,
            FunctionRecords records,
            FunctionCode code,
            Qualifiers qualifiers,
            Signatures signatures,
            Arns arns) {
        this.directory = directory;
        this.records = records;
        this.code = code;
        this.qualifiers = qualifiers;
        this.signatures = signatures;
        this.arns = arns;
    }

    private FunctionName name(AwsRequest request, String named) throws AwsException {
        FunctionName name = FunctionName.parse(named, request.parameter("Qualifier"));
        directory.require(name.name());
        String qualifier = name.qualifier().orElse(FunctionName.LATEST);
        if (!name.latest() && !records.of(name.name()).aliases().containsKey(qualifier)) {
            throw AwsException.parameter("Qualifier must be an alias of the function; '" + qualifier + "' is none");
        }
        return new FunctionName(name.name(), Optional.of(qualifier));
    }

    private Url url(FunctionName name) throws AwsException {
        Url url = records.of(name.name()).urls().get(name.qualifier().orElseThrow());
        if (url == null) {
            throw new AwsException(Type.NOT_FOUND, "The resource you requested does not exist.");
        }
        return url;
    }

    /** {@code CreateFunctionUrlConfig}. */
    AwsAnswer create(AwsRequest request, String named) throws AwsException {
        FunctionName name = name(request, named);
        if (records.of(name.name()).urls().containsKey(name.qualifier().orElseThrow())) {
            throw new AwsException(
                    Type.RESOURCE_CONFLICT, "FunctionUrlConfig exists for this Lambda function: " + arns.of(name));
        }
        Input input = Input.of(request);
        input.need("AuthType");
        String now = Times.now();
        Url url = made(input, new Url("NONE", "BUFFERED", now, now));
        return kept(201, request, name, url);
    }

    /** {@code UpdateFunctionUrlConfig}. */
    AwsAnswer update(AwsRequest request, String named) throws AwsException {
        FunctionName name = name(request, named);
        Url before = url(name);
        return kept(200, request, name, made(Input.of(request), before));
    }

    private static Url made(Input input, Url before) throws AwsException {
        if (input.saysSomething("Cors")) {
            throw AwsException.parameter("Zygotes has no Cors for URLs; let the function answer with these headers");
        }
        String authType = input.text("AuthType").orElse(before.authType());
        String mode = input.text("InvokeMode").orElse(before.invokeMode());
        if (!AUTH_TYPES.contains(authType) || !INVOKE_MODES.contains(mode)) {
            throw AwsException.parameter(
                    "AuthType must be one of " + AUTH_TYPES + ", InvokeMode one of " + INVOKE_MODES);
        }
        return new Url(authType, mode, before.created(), Times.now());
    }

    private AwsAnswer kept(int status, AwsRequest request, FunctionName name, Url url) throws AwsException {
        code.keep(name.name(), records.of(name.name()).withUrl(name.qualifier().orElseThrow(), Optional.of(url)));
        return AwsAnswer.json(status, described(request, name, url));
    }

    private ObjectNode described(AwsRequest request, FunctionName name, Url url) {
        String place = name.latest()
                ? name.name()
                : name.name() + ":" + name.qualifier().orElseThrow();
        return Json.object()
                .put("FunctionUrl", "http://" + request.header("host").orElse("localhost") + PATH + place + "/")
                .put("FunctionArn", name.latest() ? arns.of(name.name()) : arns.of(name))
                .put("AuthType", url.authType())
                .put("InvokeMode", url.invokeMode())
                .put("CreationTime", url.created())
                .put("LastModifiedTime", url.modified());
    }

    /** {@code GetFunctionUrlConfig}. */
    AwsAnswer get(AwsRequest request, String named) throws AwsException {
        FunctionName name = name(request, named);
        return AwsAnswer.json(200, described(request, name, url(name)));
    }

    /** {@code ListFunctionUrlConfigs}. */
    AwsAnswer list(AwsRequest request, String named) throws AwsException {
        String function = FunctionName.parse(named, Optional.empty()).name();
        directory.require(function);
        ObjectNode answer = Json.object();
        ArrayNode urls = answer.putArray("FunctionUrlConfigs");
        new TreeMap<>(records.of(function).urls())
                .forEach((qualifier, url) ->
                        urls.add(described(request, new FunctionName(function, Optional.of(qualifier)), url)));
        return AwsAnswer.json(200, answer);
    }

    /** {@code DeleteFunctionUrlConfig}. */
    AwsAnswer delete(AwsRequest request, String named) throws AwsException {
        FunctionName name = name(request, named);
        url(name);
        code.keep(name.name(), records.of(name.name()).withUrl(name.qualifier().orElseThrow(), Optional.empty()));
        return AwsAnswer.empty(204);
    }

    /**
     * Which lambda a request to a URL is for.
     *
     * @throws AwsException if there is no such URL, or it wants a signature and the request has no right one
     */
    String lambda(AwsRequest request) throws AwsException {
        String rest = request.path().substring(PATH.length());
        int slash = rest.indexOf('/');
        String place = AwsRequest.decoded(slash < 0 ? rest : rest.substring(0, slash));
        int colon = place.indexOf(':');
        FunctionName name = new FunctionName(
                colon < 0 ? place : place.substring(0, colon),
                Optional.of(colon < 0 ? FunctionName.LATEST : place.substring(colon + 1)));
        Url url = url(name);
        if (url.authType().equals("AWS_IAM")) {
            signatures.verify(request);
        }
        return qualifiers.target(name).lambda();
    }
}
