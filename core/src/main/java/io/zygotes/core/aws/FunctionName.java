package io.zygotes.core.aws;

import io.zygotes.core.aws.AwsException.Type;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A function as requests name it.
 *
 * @param name its name alone
 * @param qualifier a version, {@code $LATEST} or an alias; empty if none is named
 */
record FunctionName(String name, Optional<String> qualifier) {

    static final String LATEST = "$LATEST";

    private static final int LONGEST = 256;
    /** {@code NamespacedFunctionName} of the model: a name, a partial ARN or an ARN, each with or without qualifier. */
    private static final Pattern FORMS = Pattern.compile("(arn:aws[a-zA-Z-]*:lambda:)?"
            + "((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d:)?(\\d{12}:)?(function:)?"
            + "(?<name>[a-zA-Z0-9_.-]+)(:(?<qualifier>\\$LATEST|[a-zA-Z0-9_-]+))?");

    FunctionName {
        Objects.requireNonNull(name);
        Objects.requireNonNull(qualifier);
    }

    /**
     * Reads one.
     *
     * @param text a name, a partial ARN or an ARN, of whatever account and region: here is only one
     * @param qualifier the parameter of that name; empty if there is none
     * @throws AwsException if it is none of these, or both name a qualifier and not the same
     */
    static FunctionName parse(String text, Optional<String> qualifier) throws AwsException {
        Matcher forms = FORMS.matcher(text);
        if (text.length() > LONGEST || !forms.matches()) {
            String shown = text.length() > 80 ? text.substring(0, 80) + "…" : text;
            throw new AwsException(
                    Type.VALIDATION,
                    "1 validation error detected: Value '" + shown + "' at 'functionName' failed to satisfy"
                            + " constraint: it must be a name, a partial ARN or an ARN of a function");
        }
        Optional<String> own = Optional.ofNullable(forms.group("qualifier"));
        if (own.isPresent() && qualifier.isPresent() && !own.equals(qualifier)) {
            throw AwsException.parameter(
                    "The derived qualifier from the function name does not match the specified qualifier.");
        }
        return new FunctionName(forms.group("name"), own.or(() -> qualifier));
    }

    /** Whether it names what is changed by updates, not a version or an alias. */
    boolean latest() {
        return qualifier.isEmpty() || qualifier.get().equals(LATEST);
    }
}
