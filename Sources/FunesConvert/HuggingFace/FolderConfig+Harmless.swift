// SPDX-License-Identifier: Apache-2.0
// Keys of config.json that change nothing that a converted model computes: how it was trained, how it was stored, and
// settings of a generation, which belong to whoever generates.

extension FolderConfig {
  /// Counts as read what any family may have and nothing depends on, and refuses the few that matter at other values.
  func passHarmlessKeys() throws(FolderError) {
    ignore(FolderConfig.storage)
    ignore(FolderConfig.training)
    ignore(FolderConfig.generation)
    try require("add_cross_attention", .bool(false))
    try require("tie_encoder_decoder", .bool(false))
    try require("pruned_heads", .object([]))
    // Splits a product in parts of rows: the same numbers.
    ignore(["chunk_size_feed_forward"])
  }

  private static let storage = [
    "_name_or_path", "name_or_path", "_commit_hash", "architectures", "attn_implementation",
    "_attn_implementation_autoset", "dtype", "id2label", "is_encoder_decoder", "label2id", "model_type",
    "num_labels", "_num_labels", "output_attentions", "output_hidden_states", "output_scores", "return_dict",
    "return_dict_in_generate", "tokenizer_class", "torch_dtype", "torchscript", "transformers_version",
    "transformers.js_config", "use_bfloat16", "use_cache", "tf_legacy_loss", "output_past", "unsloth_fixed",
    "unsloth_version",
  ]

  private static let training = [
    "activation_dropout", "attention_dropout", "attention_probs_dropout_prob", "attn_pdrop", "classif_dropout",
    "classifier_dropout", "decoder_layerdrop", "dropout", "dropout_rate", "embd_pdrop", "encoder_layerdrop",
    "finetuning_task", "gradient_checkpointing", "hidden_dropout", "hidden_dropout_prob", "init_std",
    "initializer_factor", "initializer_range", "problem_type", "qa_dropout", "resid_pdrop", "seq_classif_dropout",
    "summary_first_dropout", "total_flos",
  ]

  private static let generation = [
    "bad_words_ids", "begin_suppress_tokens", "bos_token_id", "cls_token_id", "decoder_start_token_id",
    "diversity_penalty", "do_sample", "early_stopping", "encoder_no_repeat_ngram_size", "eos_token_id",
    "exponential_decay_length_penalty", "force_bos_token_to_be_generated", "forced_bos_token_id", "forced_eos_token_id",
    "length_penalty", "max_length",
    "min_length", "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_return_sequences", "pad_token_id",
    "prefix", "remove_invalid_values", "repetition_penalty", "sep_token_id", "suppress_tokens",
    "task_specific_params", "temperature", "top_k", "top_p", "typical_p",
  ]
}
