package io.zygotes.core.registry;

import java.util.regex.Pattern;

/**
 * The rule for names of lambdas. They are parts of paths and URLs, so nothing that means something there is in them.
 */
final class LambdaName {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    private LambdaName() {}

    static boolean valid(String name) {
        return NAME.matcher(name).matches() && !name.contains("..") && !name.endsWith(LambdaRegistry.ARCHIVE);
    }

    static String check(String name) throws RegistryException {
        if (!valid(name)) {
            throw new RegistryException(
                    RegistryException.Kind.BAD_NAME,
                    "'" + ErrorText.shortened(name)
                            + "' is not a lambda name: 1 to 64 letters, digits, '.', '_' and '-', starting with a"
                            + " letter or digit, without '..', not ending with '" + LambdaRegistry.ARCHIVE + "'");
        }
        return name;
    }
}
