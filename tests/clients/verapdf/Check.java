import java.io.File;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.verapdf.core.EncryptedPdfException;
import org.verapdf.core.ModelParsingException;
import org.verapdf.core.ValidationException;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.RuleId;

/**
 * Validates each PDF named against PDF/A-3a and PDF/UA-1 with veraPDF. Prints a line "ok" for each file and profile that
 * hold, or a line "FAIL" for each rule that does not; exits with 1 if a rule fails, with 2 if a file cannot be read.
 */
public final class Check {
    private static final Map<String, PDFAFlavour> PROFILES = new LinkedHashMap<>();

    static {
        PROFILES.put("PDF/A-3a", PDFAFlavour.PDFA_3_A);
        PROFILES.put("PDF/UA-1", PDFAFlavour.PDFUA_1);
    }

    /** Whether the file holds to the profile; says so, or which rules it breaks. */
    private static boolean holds(String file, String profile)
            throws IOException, EncryptedPdfException, ModelParsingException, ValidationException {
        PDFAFlavour flavour = PROFILES.get(profile);
        ValidationResult result;
        try (PDFAParser parser = Foundries.defaultInstance().createParser(new File(file), flavour);
                PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, false)) {
            result = validator.validate(parser);
        }
        if (result.isCompliant()) {
            System.out.println("ok   " + file + " " + profile);
            return true;
        }
        Map<RuleId, TestAssertion> first = new LinkedHashMap<>();
        for (TestAssertion assertion : result.getTestAssertions()) {
            if (assertion.getStatus() == TestAssertion.Status.FAILED) {
                first.putIfAbsent(assertion.getRuleId(), assertion);
            }
        }
        first.forEach((rule, assertion) -> {
            String description = assertion.getMessage().replaceAll("\\s+", " ").strip();
            System.out.println("FAIL " + file + " " + profile + ": clause " + rule.getClause() + " test "
                    + rule.getTestNumber() + ": " + description + " ("
                    + result.getFailedChecks().getOrDefault(rule, 1) + " times, first at "
                    + assertion.getLocation().getContext() + ")");
        });
        if (first.isEmpty()) {
            System.out.println("FAIL " + file + " " + profile + ": validation ended " + result.getJobEndStatus());
        }
        return false;
    }

    public static void main(String[] files) {
        if (files.length == 0) {
            System.err.println("usage: Check FILE...");
            System.exit(2);
        }
        Logger.getLogger("").setLevel(Level.OFF);
        VeraGreenfieldFoundryProvider.initialise();
        int status = 0;
        for (String file : files) {
            for (String profile : PROFILES.keySet()) {
                try {
                    if (!holds(file, profile)) {
                        status = Math.max(status, 1);
                    }
                } catch (IOException
                        | EncryptedPdfException
                        | ModelParsingException
                        | ValidationException
                        | RuntimeException e) {
                    System.err.println("cannot read " + file + ": " + e);
                    status = 2;
                    break;
                }
            }
        }
        System.exit(status);
    }
}
