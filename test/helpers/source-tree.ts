/** The sources as the compiler sees them: what each file imports and exports, and which names and calls it has. */
import fs from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

export interface Import {
  /** As written for packages and builtins; as a path from the root of the project for our own files. */
  from: string;
  typeOnly: boolean;
}

export interface Source {
  /** From the root of the project: `lib/core/json.ts`. */
  path: string;
  /** `core`, `io` …, or `scripts`. */
  layer: string;
  /** `json` */
  name: string;
  lines: number;
  ast: ts.SourceFile;
  imports: Import[];
}

const ROOT = process.cwd();

/** All sources below these folders. */
export function readSources(...folders: readonly string[]): Source[] {
  return folders.flatMap((folder) =>
    fs
      .readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .toSorted()
      .map((path) => readSource(`${folder}/${path}`)),
  );
}

function readSource(path: string): Source {
  const text = fs.readFileSync(join(ROOT, path), 'utf8');
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const [folder = '', layer = '', ...rest] = path.split('/');
  return {
    path,
    layer: folder === 'lib' ? layer : folder,
    name: (rest.at(-1) ?? layer).replace(/\.ts$/, ''),
    lines: text.split('\n').length - 1,
    ast,
    imports: importsOf(ast, path),
  };
}

/** Every node below, depth first. */
function nodesOf(node: ts.Node): ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (child: ts.Node): void => {
    nodes.push(child);
    ts.forEachChild(child, visit);
  };
  ts.forEachChild(node, visit);
  return nodes;
}

function importsOf(ast: ts.SourceFile, path: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return;
    const { text } = specifier;
    found.push({ from: text.startsWith('.') ? relative(ROOT, join(ROOT, dirname(path), text)) : text, typeOnly });
  };
  for (const node of nodesOf(ast)) {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
  }
  return found;
}

/** Whether a module is gone once the types are: nothing in it to test. */
export function isTypesOnly({ ast }: Source): boolean {
  return ast.statements.every(
    (statement) => ts.isImportDeclaration(statement) || ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement),
  );
}

export function hasDefaultExport({ ast }: Source): boolean {
  return nodesOf(ast).some((node) => ts.isExportAssignment(node) || (node.kind === ts.SyntaxKind.DefaultKeyword && !ts.isDefaultClause(node.parent)));
}

/** The names of its own that a file exports; a type and a value of one name are one. */
export function exportedNames({ ast }: Source): Set<string> {
  const names = ast.statements.flatMap((statement) => {
    const isExported =
      ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
    if (!isExported) return [];
    if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name.getText(ast));
    const isNamed =
      ts.isFunctionDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement);
    return isNamed && statement.name !== undefined ? [statement.name.text] : [];
  });
  return new Set(names);
}

/** `export … from`: a file that passes on what another file has. */
export function hasReexport({ ast }: Source): boolean {
  return ast.statements.some((statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined);
}

/** Dotted names that are read or called (`fs.readFileSync`, `process.env`), and plain ones that are called or constructed. */
export function usesOf({ ast }: Source): string[] {
  return nodesOf(ast).flatMap((node) => {
    if (ts.isPropertyAccessExpression(node)) return [node.getText(ast)];
    if (ts.isNewExpression(node))
      return [`new ${node.expression.getText(ast)}${node.arguments === undefined || node.arguments.length === 0 ? '()' : '(…)'}`];
    return ts.isCallExpression(node) && ts.isIdentifier(node.expression) ? [`${node.expression.text}()`] : [];
  });
}

/** `async` functions and `await`s. */
export function isAsynchronous({ ast }: Source): boolean {
  return nodesOf(ast).some((node) => node.kind === ts.SyntaxKind.AsyncKeyword || ts.isAwaitExpression(node));
}

/** Names that a file imports or calls as its own. */
export function identifiersOf({ ast }: Source): Set<string> {
  return new Set(nodesOf(ast).flatMap((node) => (ts.isIdentifier(node) ? [node.text] : [])));
}
