package io.zygotes.core.aws;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Objects;

/** What was asked for is refused, or failed, in a shape of the service's. */
final class AwsException extends Exception {

    private static final long serialVersionUID = 1L;

    /** The shapes, with their statuses and the spelling of the message's member, as the service has them. */
    enum Type {
        ACCESS_DENIED("AccessDeniedException", 403, "Message"),
        CODE_STORAGE_EXCEEDED("CodeStorageExceededException", 400, "message"),
        INCOMPLETE_SIGNATURE("IncompleteSignatureException", 403, "message"),
        INVALID_PARAMETER("InvalidParameterValueException", 400, "message"),
        INVALID_REQUEST_CONTENT("InvalidRequestContentException", 400, "message"),
        INVALID_SIGNATURE("InvalidSignatureException", 403, "message"),
        MISSING_TOKEN("MissingAuthenticationTokenException", 403, "message"),
        NOT_FOUND("ResourceNotFoundException", 404, "Message"),
        PRECONDITION_FAILED("PreconditionFailedException", 412, "message"),
        REQUEST_TOO_LARGE("RequestTooLargeException", 413, "message"),
        RESOURCE_CONFLICT("ResourceConflictException", 409, "message"),
        SERVICE("ServiceException", 500, "Message"),
        TOO_MANY_REQUESTS("TooManyRequestsException", 429, "message"),
        UNKNOWN_OPERATION("UnknownOperationException", 404, "message"),
        UNRECOGNIZED_CLIENT("UnrecognizedClientException", 403, "message"),
        VALIDATION("ValidationException", 400, "message");

        private final String shape;
        private final int status;
        private final String member;

        Type(String shape, int status, String member) {
            this.shape = shape;
            this.status = status;
            this.member = member;
        }
    }

    private final Type type;
    private final transient Map<String, String> members;
    private final transient Map<String, String> headers;

    AwsException(Type type, String message) {
        this(type, message, Map.of(), Map.of(), null);
    }

    AwsException(Type type, String message, Throwable cause) {
        this(type, message, Map.of(), Map.of(), cause);
    }

    private AwsException(
            Type type, String message, Map<String, String> members, Map<String, String> headers, Throwable cause) {
        super(message, cause);
        this.type = Objects.requireNonNull(type);
        this.members = Map.copyOf(members);
        this.headers = Map.copyOf(headers);
    }

    /** Too many calls at once; may be tried again in a second. The reason is one of the model's {@code ThrottleReason}. */
    static AwsException throttled(String reason, String message) {
        return new AwsException(
                Type.TOO_MANY_REQUESTS, message, Map.of("Reason", reason), Map.of("Retry-After", "1"), null);
    }

    static AwsException noFunction(String arn) {
        return new AwsException(Type.NOT_FOUND, "Function not found: " + arn);
    }

    static AwsException parameter(String message) {
        return new AwsException(Type.INVALID_PARAMETER, message);
    }

    Type type() {
        return type;
    }

    /** The answer that says it. */
    AwsAnswer answer() {
        ObjectNode body = Json.object();
        body.put("Type", type.status < 500 ? "User" : "Server");
        body.put(type.member, getMessage());
        members.forEach(body::put);
        AwsAnswer answer = AwsAnswer.json(type.status, body).with("x-amzn-ErrorType", type.shape);
        for (Map.Entry<String, String> header : headers.entrySet()) {
            answer = answer.with(header.getKey(), header.getValue());
        }
        return answer;
    }
}
