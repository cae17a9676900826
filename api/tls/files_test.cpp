// SPDX-License-Identifier: Apache-2.0
#include "api/tls/files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <fstream>

#include "api/testing/certificates.hpp"
#include "api/testing/daemon.hpp"

namespace api::tls {
namespace {

using ::testing::AllOf;
using testing::CertificateMaker;
using ::testing::HasSubstr;

class TlsFiles : public ::testing::Test {
protected:
    std::string refusal(const Files& files) {
        const auto contents = read(files);
        EXPECT_FALSE(contents.ok());
        return std::string(contents.status().message());
    }
    std::string file(const std::string& text) {
        const std::string path = folder_.file("other");
        std::ofstream(path) << text;
        return path;
    }

    const testing::TempDir folder_;
    CertificateMaker maker_{folder_.file(""), "ca"};
    Files good_ = maker_.issue({.name = "router"});
};

TEST_F(TlsFiles, AreReadWhereAllIsWell) {
    const auto contents = read(good_);
    ASSERT_TRUE(contents.ok()) << contents.status();
    EXPECT_THAT(contents->certificate, HasSubstr("BEGIN CERTIFICATE"));
    EXPECT_THAT(contents->key, HasSubstr("PRIVATE KEY"));
    EXPECT_THAT(contents->ca, HasSubstr("BEGIN CERTIFICATE"));
}

TEST_F(TlsFiles, SayWhichIsMissing) {
    Files files = good_;
    files.certificate = "/nowhere/router.pem";
    EXPECT_THAT(refusal(files), HasSubstr("cannot read the certificate /nowhere/router.pem"));
    files = good_;
    files.key = folder_.file("");
    EXPECT_THAT(refusal(files), AllOf(HasSubstr("the key"), HasSubstr("give a PEM file")));
    files = good_;
    files.ca = "/nowhere/ca.pem";
    EXPECT_THAT(refusal(files), HasSubstr("/nowhere/ca.pem"));
}

TEST_F(TlsFiles, SayWhichIsNoPem) {
    const std::string noise = file("-----BEGIN CERTIFICATE-----\nnoise\n");
    Files files = good_;
    files.certificate = noise;
    EXPECT_EQ(refusal(files), noise + " holds no certificate in PEM form: give one that does");
    files = good_;
    files.key = noise;
    EXPECT_EQ(refusal(files), noise + " holds no private key in PEM form: give one that does");
    files = good_;
    files.ca = noise;
    EXPECT_THAT(refusal(files), HasSubstr("holds no certificate of an authority"));
}

TEST_F(TlsFiles, RefuseAnothersKey) {
    Files files = good_;
    files.key = maker_.issue({.name = "other-router"}).key;
    EXPECT_THAT(refusal(files), HasSubstr("does not belong to the certificate"));
}

TEST_F(TlsFiles, RefuseAKeyWithAPassphraseAndAskNobody) {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    const std::string path = folder_.file("locked.key");
    std::FILE* const out = std::fopen(path.c_str(), "w");
    unsigned char secret[] = "secret";
    ASSERT_EQ(PEM_write_PKCS8PrivateKey(out, key, EVP_aes_128_cbc(),
                                        reinterpret_cast<char*>(secret), 6, nullptr, nullptr),
              1);
    std::fclose(out);
    EVP_PKEY_free(key);
    Files files = good_;
    files.key = path;
    EXPECT_THAT(refusal(files), AllOf(HasSubstr("has a passphrase"), HasSubstr("openssl pkey")));
}

TEST_F(TlsFiles, RefuseWhatIsNotValidNow) {
    const Files expired =
        maker_.issue({.name = "old", .begins = -absl::Hours(2), .ends = -absl::Hours(1)});
    EXPECT_THAT(refusal(expired), AllOf(HasSubstr("expired on 20"), HasSubstr("new one issued")));
    const Files early =
        maker_.issue({.name = "early", .begins = absl::Hours(1), .ends = absl::Hours(2)});
    EXPECT_THAT(refusal(early), HasSubstr("is not valid before 20"));
    EXPECT_THAT(std::string(read(good_, absl::Now() + absl::Minutes(90)).status().message()),
                HasSubstr("router.pem expired"));
}

TEST_F(TlsFiles, NeedOneAuthorityThatIsValid) {
    const Files expired =
        maker_.issue({.name = "old", .begins = -absl::Hours(2), .ends = -absl::Hours(1)});
    Files files = good_;
    files.ca = expired.certificate;
    EXPECT_THAT(refusal(files), HasSubstr("no authority in " + expired.certificate));
    std::ofstream both(folder_.file("both.pem"));
    both << std::ifstream(expired.certificate).rdbuf() << std::ifstream(good_.ca).rdbuf();
    both.close();
    files.ca = folder_.file("both.pem");
    EXPECT_TRUE(read(files).ok());
}

}  // namespace
}  // namespace api::tls
