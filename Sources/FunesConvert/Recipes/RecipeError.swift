// SPDX-License-Identifier: Apache-2.0
// Why a recipe was refused, as facts; RecipeError+Wording.swift says them in words.

/// Why a recipe was refused, or did not fit its checkpoints.
///
/// `operator` is what `Recipe.Operator.title` gives, `at` a place in the recipe's text. An expected extent of nil stands
/// for any.
public enum RecipeError: Error, Equatable {
  // MARK: The text

  /// The text is not strict JSON.
  case notJSON(JSONError)
  /// `funes_recipe` is not a version that is known.
  case unsupportedVersion(found: Int, supported: Int)
  /// A key stands where it has no meaning.
  case unknownKey(String, in: String, at: JSONPosition)
  /// A key that must be there is not.
  case missingKey(String, in: String, at: JSONPosition)
  /// A value is of another kind, or outside its range.
  case wrongValue(key: String, found: String, expected: String, at: JSONPosition)
  /// `op` names no operator.
  case unknownOperator(String, at: JSONPosition)
  /// A word is none of those that its key allows.
  case unknownWord(key: String, found: String, expected: [String], at: JSONPosition)

  // MARK: Names

  /// Two of one kind have one name: checkpoints, programs, texts, states, and in a program inputs, outputs and operators.
  case duplicateName(String, kind: String)
  /// Something names a checkpoint, text, state, program, input or output that the recipe does not have.
  case unknownName(String, kind: String, in: String)
  /// An operator or an output takes a value that no input or earlier operator of its program makes.
  case undefinedValue(program: String, operator: String, value: String)
  /// Two operators of a program, or an input and an operator, make a value of one name.
  case duplicateValue(program: String, value: String)
  /// Nothing takes an input, or what an operator other than a cell makes.
  case unusedValue(program: String, value: String)
  /// A program without inputs or without operators, in a recipe made in code.
  case emptyProgram(program: String)
  /// An output is an input as it came; `copy` makes a value of it.
  case inputPutOut(program: String, output: String)
  /// A text or a declared state that nothing uses.
  case unusedName(String, kind: String)

  /// A `{…}` in a name of a repeat that is no number of a layer around it.
  case wrongIndex(String, in: String, known: [String])

  // MARK: Tensors

  /// No path was given for a checkpoint of the recipe.
  case missingCheckpoint(name: String, file: String)
  /// A path was given for a checkpoint that the recipe does not have.
  case unexpectedCheckpoint(name: String)
  /// The checkpoint has no tensor of that name.
  case missingTensor(operator: String, tensor: String, checkpoint: String)
  /// A tensor has no elements, for one of its extents is 0.
  case emptyTensor(operator: String, tensor: String, shape: [Int])
  /// A tensor's shape is not what the operator needs.
  case tensorShape(operator: String, tensor: String, found: [Int], expected: [Int?])
  /// Parts of a sum differ in shape, or parts of a concat differ beyond the first axis.
  case partShape(operator: String, tensor: String, found: [Int], expected: [Int?])
  /// A tensor has too few axes for a change, or the change's own numbers do not fit the shape.
  case impossibleChange(operator: String, tensor: String, change: String, shape: [Int])
  /// Letters that are not the gates of one cell, each once.
  case unknownGates(operator: String, tensor: String, found: String)
  /// The rows of a tensor are no multiple of its number of gates.
  case gateRows(operator: String, tensor: String, rows: Int, gates: Int)
  /// An element is not finite or exceeds 2^50 in magnitude.
  case absurdElement(operator: String, tensor: String, index: Int)
  /// Tensors that no operator took and that are not dropped; "checkpoint:tensor" beyond the first checkpoint.
  case unusedTensors([String])
  /// An entry of `drop` that fits no tensor.
  case dropWithoutTensor(String)
  /// A tensor is dropped that an operator takes.
  case droppedTensorUsed(String)

  // MARK: Operators

  /// A value's shape is not what the operator needs.
  case valueShape(program: String, operator: String, value: String, found: [Int], expected: [Int?])
  /// An operator takes ids where it needs floats, or floats where it needs ids.
  case wrongElement(program: String, operator: String, value: String, expected: String)
  /// Ids may reach beyond a table or a one-hot width.
  case classCount(program: String, operator: String, found: Int, expected: Int)
  /// A value's rows are not those that the operator needs: one row where rows are walked, or two different subsamplings.
  case wrongRows(program: String, operator: String, value: String, expected: String)
  /// A number of an operator is outside its range.
  case numberOutOfRange(program: String, operator: String, key: String, found: Int, expected: ClosedRange<Int>)
  /// A clip, ε, base or scale is not above zero, or not finite.
  case notPositive(program: String, operator: String, key: String, found: Double)
  /// A factor beyond ±2^50.
  case notInRange(program: String, operator: String, key: String, found: Double)
  /// An operator that sees all rows from the first on stands in a program that is not a block.
  case needsBlock(program: String, operator: String)
  /// Rotary positions turn an odd number of values, which are no pairs.
  case oddDimensions(program: String, operator: String, found: Int)
  /// Two fields that do not go together, such as `coupled` and a 4-gate activation, or `inner_steps` and `hidden`.
  case conflictingFields(program: String, operator: String, fields: [String])
  /// An operator stands in a sequential run that cannot.
  case notSequential(program: String, operator: String, reason: String)

  // MARK: States

  /// A state is used with another kind or size than before.
  case stateMismatch(operator: String, state: String, found: String, expected: String)
  /// A state that one operator of a program writes is touched by another outside one sequential run.
  case stateOutsideSequentialRun(program: String, state: String)
  /// Two operators of a program own one state.
  case stateOwnedTwice(program: String, state: String)
  /// A cell over time runs backwards in a program that is not a block.
  case reversedNeedsBlock(program: String, operator: String)
  /// A program that is not a block resets a state that its own operators read, so that no call goes on from the one before.
  case resetNeedsBlock(program: String, state: String)
  /// A cell runs backwards over a state that its program does not reset.
  case reversedNeedsReset(program: String, state: String)

  // MARK: Texts and limits

  /// A text has another number of symbols than its input has classes or its output elements.
  case textCount(program: String, port: String, found: Int, expected: Int)
  /// A picture has another number of values than every input of floats.
  case imageWidth(found: Int, expected: [Int])
  /// A symbol is empty or repeated, or in a table of characters neither one scalar nor a word in angle brackets.
  case badSymbol(text: String, index: Int, symbol: String)
  /// An id of a text or of the generation record is not below its count.
  case idOutOfRange(key: String, found: Int, count: Int)
  /// Something exceeds what a file can hold.
  case overLimit(what: String, found: Int, limit: Int)
}
