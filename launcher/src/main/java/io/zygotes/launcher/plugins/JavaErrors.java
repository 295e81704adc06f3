package io.zygotes.launcher.plugins;

import java.lang.module.FindException;
import java.lang.module.InvalidModuleDescriptorException;
import java.lang.module.ResolutionException;
import java.util.ServiceConfigurationError;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Turns what Java says about classes and modules that do not fit into sentences for plugin authors. */
final class JavaErrors {

    private static final Pattern CLASS_VERSION =
            Pattern.compile("(?:class file version|[Uu]nsupported major.minor version) (\\d+)");
    /** Class files of Java n have version n + 44. */
    private static final int CLASS_VERSION_OFFSET = 44;

    private JavaErrors() {}

    /** What went wrong, without stack trace: the messages of the error and of its causes. */
    static String sentence(Throwable error) {
        int needed = neededJava(error);
        if (needed > 0) {
            return "it is compiled for Java " + needed + ", the image has Java "
                    + Runtime.version().feature();
        }
        StringBuilder text = new StringBuilder();
        for (Throwable each = error; each != null; each = each.getCause()) {
            String message = saysWhatItIs(each)
                    ? each.getMessage()
                    : each.getClass().getSimpleName() + (each.getMessage() == null ? "" : ": " + each.getMessage());
            if (text.indexOf(message) < 0) {
                text.append(text.isEmpty() ? "" : ", because ").append(message);
            }
        }
        return text.toString().replaceAll("\\s*\\R\\s*", " ");
    }

    /** Whether its class says nothing that its message does not say. */
    private static boolean saysWhatItIs(Throwable error) {
        return error.getMessage() != null
                && (error instanceof ServiceConfigurationError
                        || error instanceof FindException
                        || error instanceof ResolutionException
                        || error instanceof LayerInstantiationException
                        || error instanceof InvalidModuleDescriptorException);
    }

    /** What to do about it: for some errors there is only one answer. */
    static String mend(Throwable error, String otherwise) {
        if (neededJava(error) > 0) {
            return "compile it with --release " + Runtime.version().feature();
        }
        for (Throwable each = error; each != null; each = each.getCause()) {
            if (each instanceof NoClassDefFoundError || each instanceof ClassNotFoundException) {
                return "put the jar with the missing class beside it, in a folder of its own below plugins/";
            }
        }
        return otherwise;
    }

    private static int neededJava(Throwable error) {
        for (Throwable each = error; each != null; each = each.getCause()) {
            Matcher matcher = CLASS_VERSION.matcher(String.valueOf(each.getMessage()));
            if (matcher.find()) {
                return Integer.parseInt(matcher.group(1)) - CLASS_VERSION_OFFSET;
            }
        }
        return 0;
    }
}
