// The mistakes that a Port can be told to make, and their catalogue.
#pragma once

#include <bitset>
#include <cstddef>
#include <initializer_list>
#include <vector>

#include "microgpt/conform.h"

namespace microgpt::conform {

// In the order of the catalogue, which says what each one is.
enum class Mistake {
  // generator, documents, first parameters
  kGenrandSeed,
  kRandom32,
  kNoShuffle,
  kShuffleByFloat,
  kGaussUncached,
  kGaussSineFirst,
  kInitStd002,
  kZeroProjections,
  kLmHeadLast,
  kAlphabetical,
  kTransposed,
  kTiedHead,
  // tokens and positions
  kOtherBos,
  kNoEnd,
  kDocumentLate,
  kCutWithBos,
  kPositionsUnclamped,
  kMeanUnclamped,
  // forward
  kNoPosition,
  kNoEmbeddingNorm,
  kNoAttentionNorm,
  kNoMlpNorm,
  kFinalNorm,
  kLayerNorm,
  kRmsEps,
  kRmsEpsOutside,
  kNoScale,
  kScaledTwice,
  kScaledByWidth,
  kHeadsInterleaved,
  kNoCausalMask,
  kCacheKept,
  kNoAttentionResidual,
  kNoMlpResidual,
  kReluSquared,
  kGelu,
  // loss and backward
  kLossSum,
  kGradSum,
  kMulSwapped,
  kGradOverwritten,
  kCrossEntropyNoSum,
  kLogEps8,
  kLogEps9,
  kLogEps10,
  kLogEps12,
  kSoftmaxNoSum,
  kScaleNotBackward,
  kKeyFromKey,
  kPastDropped,
  kPastKeysDropped,
  kPastValuesDropped,
  kReluNoMask,
  kRmsSquare,
  kRmsNoProjection,
  kResidualCut,
  kEmbeddingCut,
  kWteCut,
  kWpeCut,
  // optimizer
  kGradKept,
  kNoBiasCorrection,
  kBiasStepLow,
  kBiasStepHigh,
  kRateStep,
  kRateSpan,
  kNoDecay,
  kBetasFirst,
  kBetasCommon,
  kBeta2Common,
  kBetasSwapped,
  kEpsInside,
  kEpsLarge,
  kNoAdam,
  kWeightDecay,
  kOtherEdition,
  // rounding
  kSumReversed,
  kFmaDot,
  kFmaGrad,
  kFoldedPow,
  kAdamSquare,
  kDivision,
  kReciprocalRoot,
  kMeanByDivision,
  kSoftmaxNoMax,
  kCreationOrder,
  kFloat32,
  // samples
  kNoTemperature,
  kTemperatureTimes,
  kArgmax,
  kNoRunningSum,
  kReseeded,
  kStartsAtZero,
};

inline constexpr std::size_t kMistakes = static_cast<std::size_t>(Mistake::kStartsAtZero) + 1;

// A set of them.
class Mistakes {
 public:
  Mistakes(std::initializer_list<Mistake> mistakes = {}) {
    for (const Mistake mistake : mistakes) set_.set(static_cast<std::size_t>(mistake));
  }

  bool has(Mistake mistake) const { return set_.test(static_cast<std::size_t>(mistake)); }

 private:
  std::bitset<kMistakes> set_;
};

const KnownMistake& describe(Mistake mistake);

// The mistakes that show at a stage.
std::vector<Mistake> mistakes_of(Stage stage);

}  // namespace microgpt::conform
